"""Ticks that the tests publish, and know."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx

from ..support.service import Service
from ..support.waiting import eventually

Point = tuple[int, float]
"""Microseconds since 1970, and a price."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIMEOUT = 10.0


def publish(service: Service, symbol: str, prices: Sequence[float]) -> list[Point]:
    """Publish a tick for each price, some microseconds apart. Returns them as points."""
    now = datetime.now(UTC)
    moments = [now + number * 7 * MICROSECOND for number in range(len(prices))]
    ticks = [
        {"symbol": symbol, "price": price, "at": moment.isoformat()}
        for moment, price in zip(moments, prices, strict=True)
    ]
    response = httpx.post(
        f"{service.url}/api/v1/ticks",
        json={"ticks": ticks},
        headers={"Authorization": f"Bearer {service.token('desk', 'feed:write')}"},
        timeout=TIMEOUT,
    )
    assert response.status_code == 202, response.text
    return [((m - EPOCH) // MICROSECOND, price) for m, price in zip(moments, prices, strict=True)]


def wait_until_kept(service: Service, symbol: str, last: Point) -> None:
    """Wait until the history has the tick."""

    def is_there() -> bool:
        response = httpx.get(
            f"{service.url}/api/v1/symbols/{symbol}/ticks?limit=1",
            headers={"Authorization": f"Bearer {service.token('desk', 'feed:read')}"},
            timeout=TIMEOUT,
        )
        return any(tick["price"] == last[1] for tick in response.json()["ticks"])

    eventually(is_there)
