"""Ticks: what a symbol costs, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .errors import Refused

SYMBOL_PATTERN = r"^[A-Z0-9][A-Z0-9._-]{0,15}(?![\s\S])"
MAX_SYMBOLS = 100
"""Symbols one socket, or one stream, gets at once."""
MAX_BATCH = 1000
"""Ticks published at once."""
MAX_AHEAD = timedelta(seconds=60)
"""What a publisher's clock may be fast. A tick of tomorrow would be the latest until then."""
PRODUCER = "producer"
"""Name of the lease on which one worker publishes what it gets from a source."""

Price = Annotated[float, Meta(ge=-1e12, le=1e12, examples=[101.25])]


class Tick(msgspec.Struct, frozen=True, gc=False):
    """`at`: with a time zone."""

    symbol: str
    price: Price
    at: Annotated[datetime, Meta(tz=True)]


class Candle(msgspec.Struct, frozen=True):
    """The ticks of a symbol in one minute, which begins at `minute`. `low` to `high`, by price;
    `open` and `close`, by time."""

    symbol: str
    minute: Annotated[datetime, Meta(tz=True)]
    open: float
    high: float
    low: float
    close: float
    count: int


class NoQuote(msgspec.Struct, frozen=True):
    """Why there is no quote of a symbol."""

    symbol: str
    reason: Literal["timeout", "failed"]


def newest(ticks: Iterable[Tick]) -> dict[str, Tick]:
    """The tick of each symbol with the latest `at`; of several such, the one that came last."""
    found: dict[str, Tick] = {}
    for tick in ticks:
        known = found.get(tick.symbol)
        if known is None or tick.at >= known.at:
            found[tick.symbol] = tick
    return found


def candles(ticks: Iterable[Tick]) -> list[Candle]:
    """The candles of `ticks`, by symbol and minute."""
    found: dict[tuple[str, datetime], list[Tick]] = {}
    for tick in sorted(ticks, key=moment):
        minute = tick.at.replace(second=0, microsecond=0)
        found.setdefault((tick.symbol, minute), []).append(tick)
    return [
        Candle(
            symbol,
            minute,
            open=those[0].price,
            high=max(tick.price for tick in those),
            low=min(tick.price for tick in those),
            close=those[-1].price,
            count=len(those),
        )
        for (symbol, minute), those in sorted(found.items())
    ]


def moment(tick: Tick) -> tuple[datetime, float]:
    """By which the ticks of a symbol are in order."""
    return tick.at, tick.price


def is_ahead(tick: Tick, now: datetime) -> bool:
    """Whether a tick is further in the future than clocks may differ."""
    return tick.at > now + MAX_AHEAD


def acceptable(ticks: Sequence[Tick], now: datetime) -> Sequence[Tick]:
    """`ticks`, if they may be published.

    :raises Refused: ``invalid_payload``, naming the tick.
    """
    for number, tick in enumerate(ticks):
        if is_ahead(tick, now):
            seconds = MAX_AHEAD.total_seconds()
            raise Refused(
                "invalid_payload", f"ticks[{number}].at: more than {seconds:.0f} s in the future"
            )
    return ticks
