"""The latest ticks for all workers, in Redis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from ...domain.ticks import Tick, newest
from ...ports import StaleFence
from ..memory.ticks import digest, other_ticks
from .leases import fence_key
from .link import RedisLink

KEPT_SECONDS = 7 * 86400
"""A symbol without news for so long is forgotten."""
KEY_SECONDS = 600
"""How long a batch can be sent again by its key."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAKEN, _OTHER, _STALE = 1, -1, -2

# KEYS: fence, batch key, then one for each tick. ARGV: fence or "", digest or "", seconds a batch
# key is kept, seconds a tick is kept, then for each tick its time in microseconds and its JSON.
# Returns 1; or 0 if the batch was taken before, -1 if its key came with another, -2 if the fence
# is old. A tick is kept as "<time> <JSON>". An older one does not take the place of a newer one.
_PUT = """
if ARGV[1] ~= '' and (tonumber(redis.call('GET', KEYS[1])) or 0) > tonumber(ARGV[1]) then
  return -2
end
if ARGV[2] ~= '' then
  local known = redis.call('GET', KEYS[2])
  if known then return known == ARGV[2] and 0 or -1 end
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
for number = 3, #KEYS do
  local at, tick = ARGV[2 * number - 1], ARGV[2 * number]
  local known = redis.call('GET', KEYS[number])
  if not known or tonumber(string.match(known, '^%-?%d+')) <= tonumber(at) then
    redis.call('SET', KEYS[number], at .. ' ' .. tick, 'EX', ARGV[4])
  end
end
return 1
"""


class RedisTickStore:
    """Implements :class:`~..ports.TickStore`.

    :param lease: name of the lease whose fences are looked at.
    """

    def __init__(self, link: RedisLink, *, prefix: str, lease: str) -> None:
        self._link = link
        self._prefix = prefix
        self._fence_key = fence_key(prefix, lease)
        self._put = link.script(_PUT)

    async def put(self, ticks: Sequence[Tick], *, key: str | None, fence: int | None) -> bool:
        latest = newest(ticks).values()
        keys = [
            self._fence_key,
            f"{self._prefix}:batch:{key or ''}",
            *(self._key(tick.symbol) for tick in latest),
        ]
        args: list[str | int | float] = [
            "" if fence is None else fence,
            "" if key is None else digest(ticks),
            KEY_SECONDS,
            KEPT_SECONDS,
        ]
        for tick in latest:
            microseconds = (tick.at - _EPOCH) // timedelta(microseconds=1)
            args += [microseconds, msgspec.json.encode(tick).decode()]
        outcome = await self._put(keys, args)
        if outcome == _STALE:
            raise StaleFence
        if outcome == _OTHER:
            raise other_ticks()
        return bool(outcome == _TAKEN)

    async def latest(self, symbols: Collection[str]) -> dict[str, Tick]:
        found = await self._link.call(partial(self._read, [self._key(one) for one in symbols]))
        ticks = [
            msgspec.json.decode(text.partition(" ")[2], type=Tick)
            for text in found
            if text is not None
        ]
        return {tick.symbol: tick for tick in ticks}

    async def _read(self, keys: list[str]) -> list[Any]:
        return await self._link.client.mget(keys) if keys else []

    def _key(self, symbol: str) -> str:
        return f"{self._prefix}:tick:{symbol}"
