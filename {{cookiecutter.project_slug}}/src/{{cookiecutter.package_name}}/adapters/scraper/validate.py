"""From rows to ticks: whatever is not a tick is left out, and said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from ...domain.events import Moment, Symbol
from ...domain.ticks import MAX_AHEAD, Price, Tick
from . import layout
from .page import Row


class _Tick(msgspec.Struct):
    symbol: Symbol
    price: Price
    at: Moment | None = None


def ticks_of(rows: Sequence[Row], now: datetime) -> tuple[list[Tick], list[str]]:
    """The ticks in `rows`, and for every other row its number and the reason.

    :param now: the time of ticks that come without one.
    """
    ticks: list[Tick] = []
    complaints: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            found = msgspec.convert(dict(_cells(row)), _Tick, strict=False)
            if found.at is not None and found.at > now + MAX_AHEAD:
                raise ValueError("the time is in the future - at `$.at`")
        except ValueError as error:
            complaints.append(f"row {number}: {error}")
        else:
            ticks.append(Tick(found.symbol, found.price, found.at or now))
    return ticks, complaints


def _cells(row: Row) -> Iterator[tuple[str, str]]:
    """Cells without a text count as missing."""
    for name, text in row.items():
        if text:
            yield name, text.replace(layout.GROUPING, "") if name == "price" else text
