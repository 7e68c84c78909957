"""The whole way of a price: it comes in, is checked, kept, summed up, pushed and drawn.

Everything is real: the service under its production settings and command, the stores it keeps its
data in, a page or a program that has the prices, a socket and a browser that watch.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx

from ..support.client import connect
from ..support.service import Service, running_service
from ..support.stores import stores
from ..support.waiting import eventually
from .conftest import Arrive
from .origin import origin
from .plot import expect_drawn, watch
from .publishing import EPOCH, MICROSECOND

SYMBOL = "WHOLE"
PRICES = (1101.25, 1102.5, 1099.75, 1100.0, 1103.125, 1101.0)
STEP = timedelta(seconds=25, microseconds=7)
"""So that there are three of them in the first minute, two in the second, one in the third."""
CANDLES = [
    {"open": 1101.25, "high": 1102.5, "low": 1099.75, "close": 1099.75, "count": 3},
    {"open": 1100.0, "high": 1103.125, "low": 1100.0, "close": 1103.125, "count": 2},
    {"open": 1101.0, "high": 1101.0, "low": 1101.0, "close": 1101.0, "count": 1},
]
PRODUCTION = {"APP_ENV": "production", "APP_CONSOLE": "1"}
A_READ = 30.0
"""Seconds within which a page that changed has been read, on a busy machine."""


def test_from_where_it_comes_to_the_chart(arrive: Arrive) -> None:
    began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    moments = [began + number * STEP for number in range(len(PRICES))]
    with (
        stores() as kept,
        origin() as prices,
        running_service({**PRODUCTION, **kept, **prices.settings}) as service,
        connect(service.url, service.token("eve", "feed:read"), "/feed") as eve,
    ):
        ada = arrive(service.url)
        ada.sign_in(service.token("ada", "chat feed:read"))
        watch(ada, SYMBOL)
        assert eve.call("subscribe", {"symbols": [SYMBOL]})["snapshot"] == []

        pushed = []
        for price, at in zip(PRICES, moments, strict=True):
            prices.offer(service, SYMBOL, price, at)
            pushed += eve.next("ticks", A_READ)["ticks"]

        sent = list(zip(moments, PRICES, strict=True))
        assert points(pushed) == sent
        expect_drawn(ada, [((at - EPOCH) // MICROSECOND, price) for at, price in sent])
        eventually(lambda: points(read(service, "ticks")[::-1]) == sent)
        candles = read(service, "candles")[::-1]
        assert [{name: candle[name] for name in CANDLES[0]} for candle in candles] == CANDLES
        minutes = [datetime.fromisoformat(candle["minute"]) for candle in candles]
        assert minutes[0] == began
        assert all(later - earlier == timedelta(minutes=1) for earlier, later in pairwise(minutes))

        refusals = prices.refusals(service)
        assert len(refusals) >= len(PRICES)
        assert all("price" in refusal for refusal in refusals)
        assert "Traceback" not in service.output()


def points(ticks: list[dict[str, Any]]) -> list[tuple[datetime, float]]:
    return [(datetime.fromisoformat(tick["at"]), tick["price"]) for tick in ticks]


def read(service: Service, what: str) -> list[dict[str, Any]]:
    """The ticks or candles that the service has kept, newest first."""
    bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    url = f"{service.url}/api/v1/symbols/{SYMBOL}/{what}"
    answer = httpx.get(url, headers=bearer, timeout=10)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()[what]
    return found
