"""Reading ticks and candles back, page by page."""

from datetime import timedelta
from typing import Any

import pytest

from {{cookiecutter.package_name}}.domain.ticks import Tick

from .conftest import NOW, Service, problem


async def get(service: Service, path: str, **params: Any) -> Any:
    return await service.client.get(
        f"/api/v1/symbols/{path}", params=params, headers=service.bearer("feed:read")
    )


async def test_every_tick_once(service: Service) -> None:
    ticks = [Tick("ACME", number / 3, NOW + timedelta(seconds=number // 4)) for number in range(50)]
    await service.history.record(ticks)
    seen: list[float] = []
    params: dict[str, Any] = {"limit": 7}
    while True:
        page = (await get(service, "ACME/ticks", **params)).json()
        seen += [tick["price"] for tick in page["ticks"]]
        if page["next"] is None:
            break
        params["before"] = page["next"]
    assert seen == [tick.price for tick in ticks[::-1]]


async def test_candles(service: Service) -> None:
    await service.history.record(
        [Tick("ACME", number, NOW + timedelta(seconds=20 * number)) for number in range(7)]
    )
    page = (await get(service, "ACME/candles", limit=2)).json()
    assert [(each["open"], each["close"], each["count"]) for each in page["candles"]] == [
        (6, 6, 1),
        (3, 5, 3),
    ]
    page = (await get(service, "ACME/candles", before=page["next"])).json()
    assert [each["count"] for each in page["candles"]] == [3]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("acme/ticks", {}),
        ("ACME/ticks", {"before": "yesterday"}),
        ("ACME/ticks", {"before": "2026-01-01T00:00:00Z,x"}),
        ("ACME/ticks", {"before": "2026-01-01T00:00:00,1"}),
        ("ACME/ticks", {"limit": 1001}),
        ("ACME/candles", {"before": "yesterday"}),
    ],
)
async def test_a_bad_query(service: Service, path: str, params: dict[str, Any]) -> None:
    problem(await get(service, path, **params), 400, "invalid_payload")
