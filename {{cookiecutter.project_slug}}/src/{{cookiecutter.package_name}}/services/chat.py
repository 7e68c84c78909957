"""Rooms in which users talk: joining with recovery, speaking once, leaving, reading back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..domain.errors import Refused
from ..domain.events import Join, Joined, Leave, Left, Message, SendMessage, Sent
from ..domain.rooms import MAX_ROOMS_PER_SOCKET, may_enter
from ..ports import Audience, Clock, MessageLog
from .fanout import Fanout
from .presence import Presence

LATEST = 50
"""Messages a client gets that joins without a position, or with one too far back."""


class Member(msgspec.Struct, frozen=True):
    """A socket and whose it is; `rooms`: patterns of rooms its token opens, ``None`` for all."""

    sid: str
    user: str
    rooms: Sequence[str] | None


class Chat:
    """The chat of this worker.

    :param history_size: most messages a reconnecting client can catch up on.
    :param replay_bytes: most bytes of them, as JSON.
    """

    def __init__(
        self,
        log: MessageLog,
        audience: Audience,
        presence: Presence,
        fanout: Fanout,
        clock: Clock,
        history_size: int,
        replay_bytes: int,
    ) -> None:
        self._log = log
        self._audience = audience
        self._presence = presence
        self._fanout = fanout
        self._clock = clock
        self._history_size = history_size
        self._replay_bytes = replay_bytes
        self._rooms: dict[str, set[str]] = {}

    async def join(self, member: Member, command: Join) -> Joined:
        """Enter a room and catch up. Joining again is how a client fills a gap.

        :raises Refused: ``forbidden`` or ``overloaded``.
        """
        room = command.room
        if not may_enter(room, member.rooms):
            raise Refused("forbidden", f"your token does not open the room {room}")
        joined = self._rooms.setdefault(member.sid, set())
        if room not in joined and len(joined) >= MAX_ROOMS_PER_SOCKET:
            raise Refused("overloaded", f"at most {MAX_ROOMS_PER_SOCKET} rooms at once; leave one")
        limit = self._history_size if command.since is not None else LATEST
        async with self._fanout.held(room, entering=room not in joined):
            replay = await self._log.replay(room, command.since, limit)
            await self._fanout.catch_up(room, replay.head)
            if room not in joined:
                await self._audience.enter(member.sid, room)
                joined.add(room)
        recovered = replay.complete and _size(replay.messages) <= self._replay_bytes
        return Joined(
            room=room,
            epoch=replay.head.epoch,
            offset=replay.head.offset,
            recovered=recovered,
            messages=replay.messages if recovered else self._newest(replay.messages),
            members=await self._presence.enter(room, member.user, member.sid),
        )

    async def leave(self, member: Member, command: Leave) -> Left:
        """Leave a room.

        :raises Refused: ``not_in_room``.
        """
        self._require(member, command.room)
        await self._audience.leave(member.sid, command.room)
        await self._depart(member, command.room)
        return Left(room=command.room)

    async def send(self, member: Member, command: SendMessage) -> Sent:
        """Store a message, then deliver it. With an id sent before, nothing is added.

        :raises Refused: ``not_in_room``, or ``overloaded`` if the log does not answer.
        """
        self._require(member, command.room)
        appended = await self._log.append(
            command.room, command.id, member.user, command.text, self._clock()
        )
        # A duplicate too: the first attempt may have died between storing and delivering.
        await self._fanout.announce(appended.message)
        return Sent(id=command.id, offset=appended.message.offset, duplicate=appended.duplicate)

    async def gone(self, member: Member) -> None:
        """A socket ended, and with it its place in every room."""
        for room in list(self._rooms.get(member.sid, ())):
            await self._depart(member, room)
        self._rooms.pop(member.sid, None)

    async def history(
        self, room: str, before: int | None, limit: int, patterns: Sequence[str] | None
    ) -> list[Message]:
        """Up to `limit` messages below the offset `before`, newest first.

        :raises Refused: ``forbidden``, or ``overloaded`` if the log does not answer.
        """
        if not may_enter(room, patterns):
            raise Refused("forbidden", f"your token does not open the room {room}")
        return await self._log.before(room, before, limit)

    def _newest(self, messages: list[Message]) -> list[Message]:
        kept: list[Message] = []
        size = 0
        for message in reversed(messages[-LATEST:]):
            size += _size(message)
            if size > self._replay_bytes:
                break
            kept.append(message)
        return kept[::-1]

    def _require(self, member: Member, room: str) -> None:
        if room not in self._rooms.get(member.sid, ()):
            raise Refused("not_in_room", f"join {room} first")

    async def _depart(self, member: Member, room: str) -> None:
        self._rooms[member.sid].discard(room)
        self._fanout.left(room)
        await self._presence.leave(room, member.user, member.sid)


def _size(messages: Message | list[Message]) -> int:
    return len(msgspec.json.encode(messages))
