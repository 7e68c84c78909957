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


class Tick(msgspec.Struct, frozen=True):
    """`at`: with a time zone."""

    symbol: str
    price: Price
    at: Annotated[datetime, Meta(tz=True)]


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


def acceptable(ticks: Sequence[Tick], now: datetime) -> Sequence[Tick]:
    """`ticks`, if they may be published.

    :raises Refused: ``invalid_payload``, naming the tick.
    """
    for number, tick in enumerate(ticks):
        if tick.at > now + MAX_AHEAD:
            seconds = MAX_AHEAD.total_seconds()
            raise Refused(
                "invalid_payload", f"ticks[{number}].at: more than {seconds:.0f} s in the future"
            )
    return ticks
