"""The latest messages of each room, in memory."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from ...domain.events import Message, Position
from ...ports import Appended, Replay
from ...runtime.mode import Guard

MAX_ROOMS = 10_000
MAX_MESSAGES = 200_000
"""Held over all rooms. Beyond either bound the rooms unused for longest are forgotten."""


@dataclass(slots=True)
class _Room:
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    offset: int = 0
    messages: OrderedDict[tuple[str, str], Message] = field(default_factory=OrderedDict)
    """By user and id, oldest first: offsets without a gap up to `offset`."""

    @property
    def head(self) -> Position:
        return Position(self.epoch, self.offset)

    def latest(self, count: int, below: int | None = None) -> list[Message]:
        """Up to `count` messages, below the offset `below`, newest first."""
        skipped = 0 if below is None else max(0, self.offset - below + 1)
        return list(islice(reversed(self.messages.values()), skipped, skipped + count))


class MemoryMessageLog:
    """Implements :class:`~..ports.MessageLog`.

    :param history_size: messages held of each room.
    """

    def __init__(
        self, history_size: int, max_rooms: int = MAX_ROOMS, max_messages: int = MAX_MESSAGES
    ) -> None:
        self._history_size = history_size
        self._max_rooms = max_rooms
        self._max_messages = max_messages
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        self._held = 0
        self._guard = Guard()

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        with self._guard:
            kept = self._room(room)
            known = kept.messages.get((user, message_id))
            if known is not None:
                return Appended(known, duplicate=True)
            kept.offset += 1
            message = Message(room, message_id, kept.offset, kept.epoch, user, text, sent_at)
            kept.messages[user, message_id] = message
            self._held += 1
            if len(kept.messages) > self._history_size:
                kept.messages.popitem(last=False)
                self._held -= 1
            self._forget_idle_rooms()
            return Appended(message, duplicate=False)

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        with self._guard:
            kept = self._room(room)
            self._forget_idle_rooms()
            if since is not None and since.epoch == kept.epoch:
                missing = kept.offset - since.offset
                if 0 <= missing <= min(limit, len(kept.messages)):
                    return Replay(kept.head, kept.latest(missing)[::-1], complete=True)
            return Replay(kept.head, kept.latest(limit)[::-1], complete=False)

    async def before(self, room: str, offset: int | None, limit: int) -> list[Message]:
        with self._guard:
            kept = self._rooms.get(room)
            return [] if kept is None else kept.latest(limit, below=offset)

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        with self._guard:
            heads = {room: self._room(room).head for room in rooms}
            self._forget_idle_rooms()
            return heads

    def _room(self, name: str) -> _Room:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room()
        self._rooms.move_to_end(name)
        return room

    def _forget_idle_rooms(self) -> None:
        while len(self._rooms) > 1 and (
            len(self._rooms) > self._max_rooms or self._held > self._max_messages
        ):
            _, room = self._rooms.popitem(last=False)
            self._held -= len(room.messages)
