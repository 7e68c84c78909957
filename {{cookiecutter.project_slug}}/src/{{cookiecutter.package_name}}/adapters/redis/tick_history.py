"""The latest ticks of each symbol for all workers, in Redis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from ...domain.ticks import Candle, Tick
from ..memory.tick_history import MAX_TICKS, latest_candles, latest_ticks
from .link import RedisLink

KEPT_SECONDS = 7 * 86400
"""A symbol without news for so long is forgotten."""

# KEYS: symbol, how many were recorded. ARGV: ticks kept, seconds kept, then ticks. A tick that is
# there already stays where it is, so that recording a batch again does not push out others.
_RECORD = """
for number = 3, #ARGV do
  redis.call('ZADD', KEYS[1], 'NX', redis.call('INCR', KEYS[2]), ARGV[number])
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[1]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
"""


class RedisTickHistory:
    """Implements :class:`~..ports.TickHistory`."""

    def __init__(self, link: RedisLink, *, prefix: str) -> None:
        self._link = link
        self._prefix = f"{prefix}:ticks"
        self._record = link.script(_RECORD)

    async def record(self, ticks: Sequence[Tick]) -> None:
        by_symbol: dict[str, list[str]] = {}
        for tick in ticks:
            by_symbol.setdefault(tick.symbol, []).append(msgspec.json.encode(tick).decode())
        for symbol, texts in by_symbol.items():
            keys = (self._key(symbol), f"{self._key(symbol)}:recorded")
            await self._record(keys, (MAX_TICKS, KEPT_SECONDS, *texts))

    async def ticks(
        self, symbol: str, before: tuple[datetime, float] | None, limit: int
    ) -> list[Tick]:
        return latest_ticks(await self._all(symbol), before, limit)

    async def candles(self, symbol: str, before: datetime | None, limit: int) -> list[Candle]:
        return latest_candles(await self._all(symbol), before, limit)

    async def _all(self, symbol: str) -> list[Tick]:
        texts = await self._link.call(partial(self._read, self._key(symbol)))
        return [msgspec.json.decode(text, type=Tick) for text in texts]

    async def _read(self, key: str) -> list[Any]:
        return await self._link.client.zrange(key, 0, -1)

    def _key(self, symbol: str) -> str:
        return f"{self._prefix}:{symbol}"
