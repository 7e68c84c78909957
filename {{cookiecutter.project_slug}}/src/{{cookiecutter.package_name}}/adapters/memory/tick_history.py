"""The latest ticks of each symbol, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime

from ...domain.ticks import Candle, Tick, candles, moment
from ...runtime.mode import Lock

MAX_TICKS = 5000
"""Kept of each symbol: those that came last."""
MAX_SYMBOLS = 200
"""Beyond, those without news for longest are forgotten."""


class MemoryTickHistory:
    """Implements :class:`~..ports.TickHistory`."""

    def __init__(self, max_ticks: int = MAX_TICKS, max_symbols: int = MAX_SYMBOLS) -> None:
        self._max_ticks = max_ticks
        self._max_symbols = max_symbols
        self._symbols: OrderedDict[str, dict[tuple[datetime, float], Tick]] = OrderedDict()
        self._lock = Lock()

    async def record(self, ticks: Sequence[Tick]) -> None:
        async with self._lock:
            for tick in ticks:
                kept = self._symbols.setdefault(tick.symbol, {})
                self._symbols.move_to_end(tick.symbol)
                kept[moment(tick)] = tick
                if len(kept) > self._max_ticks:
                    del kept[next(iter(kept))]
            while len(self._symbols) > self._max_symbols:
                self._symbols.popitem(last=False)

    async def ticks(
        self, symbol: str, before: tuple[datetime, float] | None, limit: int
    ) -> list[Tick]:
        async with self._lock:
            return latest_ticks(self._symbols.get(symbol, {}).values(), before, limit)

    async def candles(self, symbol: str, before: datetime | None, limit: int) -> list[Candle]:
        async with self._lock:
            return latest_candles(self._symbols.get(symbol, {}).values(), before, limit)


def latest_ticks(
    ticks: Iterable[Tick], before: tuple[datetime, float] | None, limit: int
) -> list[Tick]:
    """Of all the ticks of a symbol, what :meth:`~..ports.TickHistory.ticks` gives."""
    found = sorted(ticks, key=moment, reverse=True)
    return [tick for tick in found if before is None or moment(tick) < before][:limit]


def latest_candles(ticks: Iterable[Tick], before: datetime | None, limit: int) -> list[Candle]:
    """Of all the ticks of a symbol, what :meth:`~..ports.TickHistory.candles` gives."""
    found = reversed(candles(ticks))
    return [candle for candle in found if before is None or candle.minute < before][:limit]
