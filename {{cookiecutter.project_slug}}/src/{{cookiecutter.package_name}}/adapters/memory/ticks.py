"""The latest ticks, in memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence

import msgspec

from ...domain.errors import Refused
from ...domain.ticks import Tick, newest
from ...runtime.mode import Lock

MAX_SYMBOLS = 10_000
"""Beyond, those without news for longest are forgotten."""
MAX_KEYS = 10_000


class MemoryTickStore:
    """Implements :class:`~..ports.TickStore`. There is one worker, and it holds every lease."""

    def __init__(self, max_symbols: int = MAX_SYMBOLS, max_keys: int = MAX_KEYS) -> None:
        self._max_symbols = max_symbols
        self._max_keys = max_keys
        self._latest: OrderedDict[str, Tick] = OrderedDict()
        self._taken: OrderedDict[str, str] = OrderedDict()
        """Key → digest of the batch."""
        self._lock = Lock()

    async def put(self, ticks: Sequence[Tick], *, key: str | None, fence: int | None) -> bool:
        async with self._lock:
            if key is not None and self._was_taken(key, digest(ticks)):
                return False
            for symbol, tick in newest(ticks).items():
                known = self._latest.get(symbol)
                if known is None or tick.at >= known.at:
                    self._latest[symbol] = tick
                self._latest.move_to_end(symbol)
            while len(self._latest) > self._max_symbols:
                self._latest.popitem(last=False)
            return True

    async def latest(self, symbols: Collection[str]) -> dict[str, Tick]:
        async with self._lock:
            return {symbol: self._latest[symbol] for symbol in symbols if symbol in self._latest}

    def _was_taken(self, key: str, batch: str) -> bool:
        known = self._taken.get(key)
        if known is None:
            self._taken[key] = batch
            if len(self._taken) > self._max_keys:
                self._taken.popitem(last=False)
        elif known != batch:
            raise other_ticks()
        return known is not None


def digest(ticks: Sequence[Tick]) -> str:
    """By which a batch is known again."""
    return hashlib.sha256(msgspec.json.encode(ticks)).hexdigest()


def other_ticks() -> Refused:
    return Refused("invalid_payload", "this Idempotency-Key came with other ticks before")
