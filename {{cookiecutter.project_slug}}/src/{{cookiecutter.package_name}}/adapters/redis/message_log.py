"""The latest messages of each room, in Redis Streams.

Three keys a room, in one slot of a cluster: ``…:room`` (epoch and head), ``…:messages`` (the
stream; a message's stream id is its offset) and ``…:ids`` (who sent which id, for what the stream
holds).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any

from ...domain.events import Message, Position
from ...ports import Appended, Replay
from .link import RedisLink

IDLE_SECONDS = 30 * 86400
"""A room nobody reads or writes for so long is forgotten; one without messages, after a day."""
EMPTY_SECONDS = 86400

# KEYS: room, messages, ids. ARGV[1]: the epoch if a new one begins.
_OPEN = f"""
local epoch, head = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'head'))
if not epoch then
  epoch, head = ARGV[1], 0
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'head', 0)
end
head = tonumber(head)
local function stream_id(offset) return string.format('%.0f-0', offset) end
local function keep()
  local seconds = head > 0 and {IDLE_SECONDS} or {EMPTY_SECONDS}
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, seconds) end
end
"""

# ARGV: epoch, history size, user, id, text, time sent
_APPEND = (
    _OPEN
    + """
local function name(user, id) return #user .. ':' .. user .. id end
local known = redis.call('HGET', KEYS[3], name(ARGV[3], ARGV[4]))
if known then
  local found = redis.call('XRANGE', KEYS[2], known .. '-0', known .. '-0')
  if found[1] then return {epoch, 1, found[1]} end
end
head = redis.call('HINCRBY', KEYS[1], 'head', 1)
local excess = redis.call('XLEN', KEYS[2]) + 1 - tonumber(ARGV[2])
if excess > 0 then
  for _, old in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', excess)) do
    redis.call('HDEL', KEYS[3], name(old[2][2], old[2][4]))
  end
end
local fields = {'user', ARGV[3], 'id', ARGV[4], 'text', ARGV[5], 'sent_at', ARGV[6]}
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[2], stream_id(head), unpack(fields))
redis.call('HSET', KEYS[3], name(ARGV[3], ARGV[4]), head)
keep()
return {epoch, 0, {stream_id(head), fields}}
"""
)

# ARGV: epoch, limit, epoch and offset of the position asked for
_REPLAY = (
    _OPEN
    + """
keep()
local limit, since = tonumber(ARGV[2]), tonumber(ARGV[4])
local missing = head - since
if ARGV[3] == epoch and missing == 0 then return {epoch, head, 1, {}} end
if ARGV[3] == epoch and missing > 0 and missing <= limit then
  local found = redis.call('XRANGE', KEYS[2], stream_id(since + 1), '+', 'COUNT', limit)
  if #found == missing then return {epoch, head, 1, found} end
end
local latest = {}
if limit > 0 then latest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', limit) end
return {epoch, head, 0, latest}
"""
)

# KEYS: room, messages. ARGV: newest stream id, limit
_BEFORE = """
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then return {'', {}} end
return {epoch, redis.call('XREVRANGE', KEYS[2], ARGV[1], '-', 'COUNT', ARGV[2])}
"""


class RedisMessageLog:
    """Implements :class:`~..ports.MessageLog`. An id is known for as long as its message is held.

    :param history_size: messages held of each room.
    """

    def __init__(self, link: RedisLink, *, prefix: str, history_size: int) -> None:
        self._link = link
        self._prefix = prefix
        self._history_size = history_size
        self._append = link.script(_APPEND)
        self._replay = link.script(_REPLAY)
        self._before = link.script(_BEFORE)

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        fields = (user, message_id, text, sent_at.isoformat())
        epoch, duplicate, entry = await self._append(
            self._keys(room), (secrets.token_hex(8), self._history_size, *fields)
        )
        return Appended(_message(room, epoch, entry), duplicate=bool(duplicate))

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        asked = ("", 0) if since is None else (since.epoch, since.offset)
        epoch, head, complete, entries = await self._replay(
            self._keys(room), (secrets.token_hex(8), limit, *asked)
        )
        if not complete:
            entries.reverse()
        messages = [_message(room, epoch, entry) for entry in entries]
        return Replay(Position(epoch, head), messages, complete=bool(complete))

    async def before(self, room: str, offset: int | None, limit: int) -> list[Message]:
        if offset is not None and offset <= 1:
            return []
        newest = "+" if offset is None else str(offset - 1)
        epoch, entries = await self._before(self._keys(room)[:2], (newest, limit))
        return [_message(room, epoch, entry) for entry in entries]

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        names = list(rooms)
        found = await self._link.call(partial(self._read_heads, names)) if names else []
        heads = {}
        for name, (epoch, head) in zip(names, found, strict=True):
            if epoch is None:
                heads[name] = (await self.replay(name, None, 0)).head
            else:
                heads[name] = Position(epoch, int(head))
        return heads

    async def _read_heads(self, rooms: list[str]) -> list[Any]:
        pipeline = self._link.client.pipeline(transaction=False)
        for room in rooms:
            pipeline.hmget(self._keys(room)[0], "epoch", "head")
        return await pipeline.execute()

    def _keys(self, room: str) -> tuple[str, str, str]:
        key = f"{self._prefix}:{{{room}}}"
        return f"{key}:room", f"{key}:messages", f"{key}:ids"


def _message(room: str, epoch: str, entry: Any) -> Message:
    stream_id, (_, user, _, message_id, _, text, _, sent_at) = entry
    offset = int(stream_id.partition("-")[0])
    return Message(room, message_id, offset, epoch, user, text, datetime.fromisoformat(sent_at))
