"""A drain runs once, in order, and ends in time whatever its steps do."""

import time

import pytest

from {{cookiecutter.package_name}}.runtime.drain import Drain, closing_seconds
from {{cookiecutter.package_name}}.runtime.mode import Event, sleep, spawn, together

from ...support.waiting import until


async def test_steps_run_once_and_in_order() -> None:
    drain = Drain(5)
    seen: list[tuple[str, bool]] = []

    async def first(left: float) -> None:
        assert 3 < left <= 5 - closing_seconds(5)
        await sleep(0.2)
        seen.append(("first", drain.started))

    async def second(left: float) -> None:
        assert left < 5 - closing_seconds(5) - 0.19
        seen.append(("second", drain.started))

    drain.add(first)
    drain.add(second)
    assert not drain.started
    assert await together(drain.run, drain.run) == [None, None]
    await drain.run()
    assert seen == [("first", True), ("second", True)]


async def test_a_second_call_waits_for_the_first() -> None:
    drain = Drain(5)
    release, ended = Event(), []

    async def step(left: float) -> None:
        await release.wait()

    async def run(call: str) -> None:
        await drain.run()
        ended.append(call)

    drain.add(step)
    for call in ("first", "second"):
        spawn(run, call)
    await sleep(0.05)
    assert ended == []
    release.set()
    await until(lambda: sorted(ended) == ["first", "second"])


async def test_a_step_that_fails_is_logged_and_the_next_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    drain = Drain(5)
    seen: list[str] = []

    async def bad(left: float) -> None:
        raise RuntimeError("no")

    async def good(left: float) -> None:
        seen.append("good")

    drain.add(bad)
    drain.add(good)
    with caplog.at_level("INFO"):
        await drain.run()
    assert seen == ["good"]
    assert "drain step failed" in caplog.text


async def test_the_whole_drain_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    drain = Drain(0.5)
    seen: list[str] = []

    async def endless(left: float) -> None:
        await sleep(60)

    async def late(left: float) -> None:
        seen.append("late")

    drain.add(endless)
    drain.add(late)
    began = time.monotonic()
    with caplog.at_level("INFO"):
        await drain.run()
    assert 0.39 < time.monotonic() - began < 10
    assert seen == []
    assert "abandoned" in caplog.text
    assert "skipped" in caplog.text


def test_the_server_keeps_time_to_close_in() -> None:
    assert closing_seconds(5) == 1
    assert closing_seconds(600) == 3
