"""A worker that is held up shows it."""

import pytest
from prometheus_client import REGISTRY

from {{cookiecutter.package_name}}.runtime import lag
from {{cookiecutter.package_name}}.runtime.mode import sleep, spawn, stop

from ...support.waiting import until


def late() -> float:
    """How often the worker woke more than a tenth of a second late."""
    looks = REGISTRY.get_sample_value("worker_lag_seconds_count") or 0.0
    return looks - (REGISTRY.get_sample_value("worker_lag_seconds_bucket", {"le": "0.1"}) or 0.0)


async def test_lateness_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    async def oversleep(seconds: float) -> None:
        await sleep(seconds + 0.15)

    monkeypatch.setattr(lag, "sleep", oversleep)
    before = late()
    watch = spawn(lag.watch_lag)
    try:
        await until(lambda: late() >= before + 2)
    finally:
        await stop(watch)
