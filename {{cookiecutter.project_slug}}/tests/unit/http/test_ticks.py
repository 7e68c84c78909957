"""Publishing ticks over HTTP: all of a batch or nothing, once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from {{cookiecutter.package_name}}.domain.ticks import MAX_BATCH

from .conftest import NOW, Service, problem

TICKS = "/api/v1/ticks"


async def publish(service: Service, ticks: Any, **headers: str) -> httpx.Response:
    bearer = service.bearer("feed:write")
    return await service.client.post(TICKS, json={"ticks": ticks}, headers=bearer | headers)


async def test_a_batch_is_accepted_and_is_the_latest(service: Service) -> None:
    at = (NOW - timedelta(seconds=5)).isoformat()
    response = await publish(
        service, [{"symbol": "ACME", "price": 1.5, "at": at}, {"symbol": "BOLT", "price": 2}]
    )
    assert (response.status_code, response.json()) == (202, {"accepted": 2})
    latest = await service.ticks.latest(["ACME", "BOLT"])
    assert latest["ACME"].at == NOW - timedelta(seconds=5)
    assert latest["BOLT"].price == 2


@pytest.mark.parametrize(
    ("tick", "field"),
    [
        ({"symbol": "acme", "price": 1}, "symbol"),
        ({"symbol": "A B", "price": 1}, "symbol"),
        ({"symbol": "A" * 17, "price": 1}, "symbol"),
        ({"symbol": "ACME"}, "price"),
        ({"symbol": "ACME", "price": "1"}, "price"),
        ({"symbol": "ACME", "price": 1e13}, "price"),
        ({"symbol": "ACME", "price": 1, "at": "yesterday"}, "at"),
        ({"symbol": "ACME", "price": 1, "at": "2026-01-01T00:00:00"}, "at"),
        ({"symbol": "ACME", "price": 1, "at": "2999-01-01T00:00:00Z"}, "at"),
        ({"symbol": "ACME", "price": 1, "volume": 3}, "volume"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_published(
    service: Service, tick: dict[str, Any], field: str
) -> None:
    response = await publish(service, [{"symbol": "GOOD", "price": 1}, tick])
    assert field in problem(response, 400, "invalid_payload")["detail"]
    assert await service.ticks.latest(["GOOD"]) == {}


async def test_the_size_of_a_batch_is_bounded(service: Service) -> None:
    tick = {"symbol": "ACME", "price": 1}
    assert (await publish(service, [tick] * MAX_BATCH)).status_code == 202
    detail = problem(await publish(service, [tick] * (MAX_BATCH + 1)), 413, "too_large")["detail"]
    assert str(MAX_BATCH) in detail
    problem(await publish(service, []), 400, "invalid_payload")


async def test_a_batch_with_a_key_is_taken_once(service: Service) -> None:
    first = [{"symbol": "ACME", "price": 1, "at": NOW.isoformat()}]
    for _ in range(2):
        response = await publish(service, first, **{"Idempotency-Key": "k1"})
        assert (response.status_code, response.json()) == (202, {"accepted": 1})
    other = [{"symbol": "ACME", "price": 2, "at": NOW.isoformat()}]
    problem(await publish(service, other, **{"Idempotency-Key": "k1"}), 400, "invalid_payload")
    assert (await service.ticks.latest(["ACME"]))["ACME"].price == 1
    problem(await publish(service, other, **{"Idempotency-Key": "k" * 129}), 400, "invalid_payload")


async def test_reading_does_not_allow_writing(service: Service) -> None:
    response = await service.client.post(
        TICKS, json={"ticks": []}, headers=service.bearer("chat feed:read")
    )
    problem(response, 403, "forbidden")
