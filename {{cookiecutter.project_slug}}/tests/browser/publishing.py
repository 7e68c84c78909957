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


def publish(
    service: Service,
    symbol: str,
    prices: Sequence[float],
    *,
    since: timedelta = timedelta(),
    step: timedelta = 7 * MICROSECOND,
) -> list[Point]:
    """Publish a tick for each price, `step` apart, the first as of `since` ago; as points."""
    began = datetime.now(UTC) - since
    moments = [began + number * step for number in range(len(prices))]
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


def publish_history(service: Service, symbol: str, count: int) -> list[Point]:
    """Publish the last minutes of a symbol, a tick a second, and wait until they are kept.

    A page reads its history once more two seconds later, back to five seconds before the latest
    tick: had it all happened in these, the second look would bring more of it.
    """
    prices, since = [float(number) for number in range(count)], timedelta(seconds=count + 1)
    points = publish(service, symbol, prices, since=since, step=timedelta(seconds=1))
    wait_until_kept(service, symbol, points[-1])
    return points


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
