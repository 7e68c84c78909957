"""Presence over all workers, in Redis.

Each worker has a hash of its sockets (``<room> <sid>`` → user) and a last sign of life. A room has
a count of sockets by user, and its users in order. A worker silent for `DEAD_SECONDS` is taken out
by whoever calls next; who left with it waits in a set until one worker's :meth:`beat` takes it. All
keys share one cluster slot, so that a script may touch every room of a dead worker at once.
"""

from __future__ import annotations

from typing import Any

from ...domain.errors import Unavailable
from ...ports import Beat, Told
from ..memory import MemoryPresence
from .link import RedisLink
from .scripts import Script

DEAD_SECONDS = 15
MAX_DOUBTFUL = 10_000
"""Changes without Redis of which is kept that they were told to sockets here alone."""
GRACE_SECONDS = 10
"""After Redis itself was away for long, the workers' time to be heard before any is called dead."""

# KEYS: workers, departed. ARGV[1]: what other keys begin with. ARGV[2]: this worker
_ALL = f"""
local base, me = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

local function enter(room, sid, user)
  if redis.call('HSETNX', base .. 'sockets:' .. me, room .. ' ' .. sid, user) == 0 then return 0 end
  if redis.call('HINCRBY', base .. 'count:' .. room, user, 1) > 1 then return 0 end
  redis.call('ZADD', base .. 'users:' .. room, 0, user)
  return 1 - redis.call('SREM', KEYS[2], room .. ' ' .. user)
end

local function depart(room, user)
  if redis.call('HINCRBY', base .. 'count:' .. room, user, -1) > 0 then return 0 end
  redis.call('HDEL', base .. 'count:' .. room, user)
  redis.call('ZREM', base .. 'users:' .. room, user)
  return 1
end

local function bury(worker)
  local sockets = redis.call('HGETALL', base .. 'sockets:' .. worker)
  for i = 1, #sockets, 2 do
    local room, user = string.match(sockets[i], '^(%S+) '), sockets[i + 1]
    if depart(room, user) == 1 then redis.call('SADD', KEYS[2], room .. ' ' .. user) end
  end
  redis.call('DEL', base .. 'sockets:' .. worker)
  redis.call('ZREM', KEYS[1], worker)
end

local function live() redis.call('ZADD', KEYS[1], now, me) end

local heard = redis.call('ZSCORE', KEYS[1], me)
if heard and now - heard > {DEAD_SECONDS} then
  redis.call('SET', base .. 'grace', 1, 'EX', {GRACE_SECONDS})
end
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - {DEAD_SECONDS})) do
  if worker ~= me and redis.call('EXISTS', base .. 'grace') == 0 then bury(worker) end
end
"""

# Every change by a worker that Redis does not know (any more) is refused with -1: it must restore.
_KNOWN = (
    _ALL
    + """
if not heard then return -1 end
live()
"""
)
_ENTER = _KNOWN + "return enter(ARGV[3], ARGV[4], ARGV[5])"
_LEAVE = (
    _KNOWN
    + """
local removed = redis.call('HDEL', base .. 'sockets:' .. me, ARGV[3] .. ' ' .. ARGV[4])
if removed == 0 then return 0 end
return depart(ARGV[3], ARGV[5])
"""
)
_BEAT = (
    _KNOWN
    + """
local departed = redis.call('SMEMBERS', KEYS[2])
redis.call('DEL', KEYS[2])
return departed
"""
)
_MEMBERS = _ALL + "return redis.call('ZRANGE', base .. 'users:' .. ARGV[3], 0, ARGV[4] - 1)"
# ARGV[3…]: room, sid and user of every socket this worker has. Returns who was not there before.
_RESTORE = (
    _ALL
    + """
bury(me)
live()
local came = {}
for i = 3, #ARGV, 3 do
  local room, sid, user = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if enter(room, sid, user) == 1 then came[#came + 1] = room .. ' ' .. user end
end
return came
"""
)
_RETIRE = _ALL + "bury(me)"
# ARGV[3…]: room and user, again and again
_PRESENT = (
    _ALL
    + """
local found = {}
for i = 3, #ARGV, 2 do
  found[#found + 1] = redis.call('HEXISTS', base .. 'count:' .. ARGV[i], ARGV[i + 1])
end
return found
"""
)


class RedisPresence:
    """Implements :class:`~..ports.PresenceStore`.

    While Redis does not answer, only this worker's sockets are seen, and told; the first
    :meth:`beat` after that sets right what Redis missed or lost, and what these were told.
    """

    def __init__(self, link: RedisLink, *, prefix: str, worker: str) -> None:
        base = f"{{{prefix}:presence}}:"
        self._keys = (f"{base}workers", f"{base}departed")
        self._me = (base, worker)
        self._mine = MemoryPresence()
        self._unsure = False
        """Whether Redis may hold something else than `_mine` about this worker."""
        self._came: set[tuple[str, str]] = set()
        """Who was not known to Redis when it was set right, and is still to be told of."""
        self._doubtful: set[tuple[str, str]] = set()
        """Of whom only the sockets here were told."""
        self._enter = link.script(_ENTER)
        self._leave = link.script(_LEAVE)
        self._members = link.script(_MEMBERS)
        self._beat = link.script(_BEAT)
        self._restore = link.script(_RESTORE)
        self._retire = link.script(_RETIRE)
        self._present = link.script(_PRESENT)

    async def enter(self, room: str, user: str, sid: str) -> Told:
        first_here = await self._mine.enter(room, user, sid)
        try:
            first = await self._run(self._enter, room, sid, user)
            if first < 0:
                await self._put_right()
                first = (room, user) in self._came
                self._came.discard((room, user))
        except Unavailable:
            return self._without_redis(room, user, bool(first_here))
        return Told.EVERYBODY if first else Told.NOBODY

    async def leave(self, room: str, user: str, sid: str) -> Told:
        last_here = await self._mine.leave(room, user, sid)
        try:
            last = await self._run(self._leave, room, sid, user)
            if last < 0:
                await self._put_right()
                last = last_here and not await self._are_present((room, user))
        except Unavailable:
            return self._without_redis(room, user, bool(last_here))
        if not last:
            return Told.NOBODY
        self._came.discard((room, user))
        return Told.EVERYBODY

    async def members(self, room: str, limit: int) -> list[str]:
        try:
            users: list[str] = await self._run(self._members, room, limit)
        except Unavailable:
            return await self._mine.members(room, limit)
        return users

    async def beat(self) -> Beat:
        if self._unsure:
            await self._put_right()
        doubtful = self._doubtful.copy()
        found = await self._are_present(*doubtful)
        departed = await self._run(self._beat)
        if departed == -1:
            await self._put_right()
            departed = await self._run(self._beat)
        self._doubtful -= doubtful
        came = self._came.copy()
        self._came -= came
        return Beat(sorted(came), [_pair(entry) for entry in departed], sorted(found - came))

    async def close(self) -> None:
        """Leave every room, for the other workers to tell."""
        try:
            await self._run(self._retire)
        except Unavailable:
            return  # they will find this worker dead

    def _without_redis(self, room: str, user: str, changed: bool) -> Told:
        self._unsure = True
        if not changed:
            return Told.NOBODY
        if len(self._doubtful) < MAX_DOUBTFUL:
            self._doubtful.add((room, user))
        return Told.HERE

    async def _are_present(self, *pairs: tuple[str, str]) -> set[tuple[str, str]]:
        """Those of the (room, user) pairs that Redis knows of."""
        if not pairs:
            return set()
        found = await self._run(self._present, *(part for pair in pairs for part in pair))
        return {pair for pair, present in zip(pairs, found, strict=True) if present}

    async def _put_right(self) -> None:
        """Make Redis hold `_mine`, and add to `_came` who is new to it."""
        self._unsure = True
        mine = await self._mine.sockets()
        came = await self._run(self._restore, *(part for socket in mine for part in socket))
        # What changed meanwhile may have reached Redis before this did, and be undone by it.
        self._unsure = await self._mine.sockets() != mine
        self._came |= {_pair(entry) for entry in came}

    async def _run(self, script: Script, *args: str | int) -> Any:
        return await script(self._keys, (*self._me, *args))


def _pair(entry: str) -> tuple[str, str]:
    room, _, user = entry.partition(" ")
    return room, user
