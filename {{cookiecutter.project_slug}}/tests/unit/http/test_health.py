"""Readiness names what failed, in time, and without what a driver's message may quote."""

import time

import pytest

from {{cookiecutter.package_name}}.http import health
from {{cookiecutter.package_name}}.runtime import mode

from .conftest import Service


async def well() -> None:
    pass


async def broken() -> None:
    raise ConnectionError("redis://:hunter2@example/0 refused")


async def test_alive_whatever_the_checks_say(service: Service) -> None:
    service.checks["redis"] = broken
    response = await service.client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready(service: Service) -> None:
    service.checks["redis"] = well
    response = await service.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"redis": "ok"}}


async def test_ready_with_nothing_to_check(service: Service) -> None:
    assert (await service.client.get("/readyz")).json() == {"status": "ok", "checks": {}}


async def test_the_failed_check_is_named_and_no_secret_is(service: Service) -> None:
    service.checks.update({"redis": broken, "database": well})
    response = await service.client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"redis": "failed: ConnectionError", "database": "ok"},
    }
    assert "hunter2" not in response.text


async def test_frozen_backends_are_waited_for_together_and_not_for_long(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT", 0.2)
    waiting, most = 0, 0

    async def frozen() -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        try:
            await mode.sleep(60)
        finally:
            waiting -= 1

    service.checks.update({"redis": frozen, "database": frozen})
    started = time.monotonic()
    response = await service.client.get("/readyz")
    assert time.monotonic() - started < 30
    assert most == 2
    assert response.json()["checks"] == {
        "redis": "failed: TimeoutError",
        "database": "failed: TimeoutError",
    }


async def test_not_ready_while_draining(service: Service) -> None:
    service.drain.started = True
    response = await service.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "draining")
