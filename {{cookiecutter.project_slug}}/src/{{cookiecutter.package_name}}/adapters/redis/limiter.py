"""Rate limits over all workers, in Redis."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...domain.errors import Unavailable
from ...domain.policies import Rate
from ...runtime.gcra import MICROSECONDS, Pace
from ...runtime.metrics import count_decision
from ..memory import MemoryLimiter
from .link import RedisLink

_log = logging.getLogger(__name__)

# :meth:`..runtime.gcra.Gcra.hit` by the clock of Redis, for one key after the other until one has
# to wait. ARGV: interval and tolerance of each, in microseconds. Returns which one that is, or 0,
# and how long.
_HIT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i, key in ipairs(KEYS) do
  local arrival = math.max(tonumber(redis.call('GET', key) or now), now)
  local following = arrival + ARGV[2 * i - 1]
  local wait = following - ARGV[2 * i] - now
  if wait > 0 then return {i, wait} end
  local kept = math.ceil((following - now) / 1000)
  redis.call('SET', key, string.format('%.0f', following), 'PX', kept)
end
return {0, 0}
"""


class RedisLimiter:
    """Implements :class:`~..ports.Limiter`. While Redis fails, limits hold for each worker."""

    def __init__(self, link: RedisLink, *, prefix: str) -> None:
        self._hit = link.script(_HIT)
        self._prefix = prefix
        self._here = MemoryLimiter()
        self._shared = True

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        return await self.hit_each(((name, rate),), key)

    async def hit_each(self, limits: Sequence[tuple[str, Rate]], key: str) -> float:
        # in one slot of a cluster, whatever the key
        keys = [f"{self._prefix}:limit:{{{key}}}:{name}" for name, _ in limits]
        paces = [Pace.of(rate.limit, rate.period, rate.burst) for _, rate in limits]
        try:
            refused, wait = await self._hit(
                keys, [n for p in paces for n in (p.interval, p.tolerance)]
            )
        except Unavailable:
            self._note(shared=False)
            return await self._here.hit_each(limits, key)
        self._note(shared=True)
        for number, (name, _) in enumerate(limits[: refused or None], 1):
            count_decision(name, number != refused)
        return float(wait) / MICROSECONDS

    def _note(self, *, shared: bool) -> None:
        if shared != self._shared:
            self._shared = shared
            _log.warning("rate limits hold %s", "over all workers" if shared else "per worker")
