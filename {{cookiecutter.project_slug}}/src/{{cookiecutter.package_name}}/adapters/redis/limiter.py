"""Rate limits over all workers, in Redis."""

from __future__ import annotations

import logging

from ...domain.errors import Unavailable
from ...domain.policies import Rate
from ...runtime.gcra import MICROSECONDS, Pace
from ...runtime.metrics import LIMITER_DECISIONS
from ..memory import MemoryLimiter
from .link import RedisLink

_log = logging.getLogger(__name__)

# :meth:`..runtime.gcra.Gcra.hit` by the clock of Redis. ARGV: interval, tolerance, in microseconds
_HIT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local following = arrival + ARGV[1]
local wait = following - ARGV[2] - now
if wait > 0 then return wait end
local kept = math.ceil((following - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', kept)
return 0
"""


class RedisLimiter:
    """Implements :class:`~..ports.Limiter`. While Redis fails, limits hold for each worker."""

    def __init__(self, link: RedisLink, *, prefix: str) -> None:
        self._hit = link.script(_HIT)
        self._prefix = prefix
        self._here = MemoryLimiter()
        self._shared = True

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        pace = Pace.of(rate.limit, rate.period, rate.burst)
        try:
            wait = await self._hit(
                (f"{self._prefix}:limit:{name}:{key}",), (pace.interval, pace.tolerance)
            )
        except Unavailable:
            self._note(shared=False)
            return await self._here.hit(name, rate, key)
        self._note(shared=True)
        LIMITER_DECISIONS.labels(name, "limited" if wait else "admitted").inc()
        return float(wait) / MICROSECONDS

    def _note(self, *, shared: bool) -> None:
        if shared != self._shared:
            self._shared = shared
            _log.warning("rate limits hold %s", "over all workers" if shared else "per worker")
