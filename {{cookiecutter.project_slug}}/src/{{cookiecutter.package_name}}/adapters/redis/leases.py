"""Leases of workers, in Redis."""

from __future__ import annotations

from .link import RedisLink

# KEYS: holder, fence. ARGV: worker, milliseconds. The fence is a time in microseconds, so that it
# rises even when Redis has lost its data.
_CLAIM = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local fence = tonumber(redis.call('GET', KEYS[2]))
if holder and fence then return fence end
local time = redis.call('TIME')
fence = math.max((fence or 0) + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[2], string.format('%.0f', fence))
return fence
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class RedisLeases:
    """Implements :class:`~..ports.Leases`.

    A lease that ran out is free, though its holder may not know yet. So whoever takes part in what
    it protects compares fences, and refuses what comes with a lower one (M. Kleppmann, *How to do
    distributed locking*, 2016).

    :param worker: names this worker.
    """

    def __init__(self, link: RedisLink, *, prefix: str, worker: str) -> None:
        self._prefix = prefix
        self._worker = worker
        self._claim = link.script(_CLAIM)
        self._release = link.script(_RELEASE)

    async def claim(self, name: str, seconds: float) -> int | None:
        """:raises Unavailable: if Redis does not answer."""
        keys = (self._key(name), fence_key(self._prefix, name))
        fence = await self._claim(keys, (self._worker, int(seconds * 1000)))
        return int(fence) or None

    async def release(self, name: str) -> None:
        """:raises Unavailable: if Redis does not answer."""
        await self._release((self._key(name),), (self._worker,))

    def _key(self, name: str) -> str:
        return f"{self._prefix}:lease:{name}"


def fence_key(prefix: str, name: str) -> str:
    """Where the fence of the lease `name` is kept."""
    return f"{prefix}:fence:{name}"
