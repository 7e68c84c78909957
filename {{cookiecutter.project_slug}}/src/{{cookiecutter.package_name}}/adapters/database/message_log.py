"""The messages of every room, in the database."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ...domain.errors import Unavailable
from ...domain.events import Message, Position
from ...ports import Appended, Replay
from . import statements
from .engine import Database
from .migrations import Schema

_ATTEMPTS = 3
_TRIM_EVERY = 16  # messages of a room
_ROOMS_AT_ONCE = 1000


class DatabaseMessageLog:
    """:class:`~..ports.MessageLog` in tables. A room shows its latest `history_size` messages."""

    def __init__(self, database: Database, schema: Schema, *, history_size: int) -> None:
        self._database = database
        self._schema = schema
        self._history_size = history_size

    async def ping(self) -> None:
        """Raise unless the database answers and has the tables this version works with."""
        async with self._database.reading() as session:
            await self._schema.check(session, self._database.driver)

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        for _ in range(_ATTEMPTS):
            try:
                message = await self._add(room, message_id, user, text, sent_at)
                return Appended(message, duplicate=False)
            except IntegrityError:  # nothing was stored, and the head is where it was
                stored = await self._find(room, message_id, user)
            if stored is not None:
                return Appended(stored, duplicate=True)
            # Another worker has just made the room, or trimmed the message away.
        raise Unavailable("database")

    async def _add(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Message:
        """:raises IntegrityError: if the message, or a room that was missing, is there already."""
        async with self._database.writing(room) as session:
            head = await _next_position(session, room)
            row = {
                "room": room,
                "offset": head.offset,
                "user_id": user,
                "message_id": message_id,
                "text": text,
                "sent_at": sent_at,
            }
            await session.execute(statements.ADD_MESSAGE, row)
            if head.offset % _TRIM_EVERY == 0:
                last = {"of_room": room, "an_offset": head.offset - self._history_size}
                await session.execute(statements.TRIM, last)
        return Message(room, message_id, head.offset, head.epoch, user, text, sent_at)

    async def _find(self, room: str, message_id: str, user: str) -> Message | None:
        values = {"of_room": room, "of_user": user, "with_id": message_id}
        async with self._database.reading() as session:
            row = (await session.execute(statements.FIND_MESSAGE, values)).one_or_none()
        return row and _message(room, row)

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        values = {
            "of_room": room,
            "since_epoch": since.epoch if since else "",
            "an_offset": since.offset if since else 0,
            "at_most": limit,
            "history": self._history_size,
        }
        async with self._database.reading() as session:
            rows = (await session.execute(statements.REPLAY, values)).all()
        if not rows:
            return Replay(await self._create(room), [], complete=False)
        head = Position(rows[0].epoch, rows[0].head)
        messages = [_message(room, row) for row in rows if row.offset is not None]
        complete = (
            since is not None
            and since.epoch == head.epoch
            and since.offset + len(messages) == head.offset
        )
        return Replay(head, messages, complete)

    async def before(self, room: str, offset: int | None, limit: int) -> list[Message]:
        statement = statements.LATEST if offset is None else statements.BEFORE
        values = {"of_room": room, "at_most": limit, "history": self._history_size}
        if offset is not None:
            values["an_offset"] = offset
        async with self._database.reading() as session:
            return [_message(room, row) for row in await session.execute(statement, values)]

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        names = list(rooms)
        heads: dict[str, Position] = {}
        for start in range(0, len(names), _ROOMS_AT_ONCE):
            values = {"names": names[start : start + _ROOMS_AT_ONCE]}
            async with self._database.reading() as session:
                for name, epoch, head in await session.execute(statements.HEADS, values):
                    heads[name] = Position(epoch, head)
        for name in names:
            if name not in heads:
                heads[name] = await self._create(name)
        return heads

    async def _create(self, room: str) -> Position:
        """Give a room without messages the epoch that its first message will be of."""
        try:
            async with self._database.writing(room) as session:
                return await _add_room(session, room, head=0)
        except IntegrityError:  # another worker was faster
            return (await self.heads([room]))[room]


async def _next_position(session: AsyncSession, room: str) -> Position:
    row = (await session.execute(statements.NEXT_OFFSET, {"of_room": room})).one_or_none()
    return Position(row.epoch, row.head) if row else await _add_room(session, room, head=1)


async def _add_room(session: AsyncSession, room: str, *, head: int) -> Position:
    """:raises IntegrityError: if the room is there already."""
    position = Position(secrets.token_hex(8), head)
    row = {"name": room, "epoch": position.epoch, "head": head}
    await session.execute(statements.ADD_ROOM, row)
    return position


def _message(room: str, row: Row[*tuple[Any, ...]]) -> Message:
    return Message(room, row.message_id, row.offset, row.epoch, row.user_id, row.text, row.sent_at)
