"""The messages of every room, in the database."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import IntegrityError

from ...domain.errors import Unavailable
from ...domain.events import Message, Position
from ...ports import Appended, Replay
from . import statements
from .engine import Database
from .migrations import Schema

_ATTEMPTS = 3
_TRIM_EVERY = 16  # messages of a room
_ROOMS_AT_ONCE = 1000

Rows = Sequence[Row[*tuple[Any, ...]]]


class DatabaseMessageLog:
    """:class:`~..ports.MessageLog` in tables. A room shows its latest `history_size` messages."""

    def __init__(self, database: Database, schema: Schema, *, history_size: int) -> None:
        self._database = database
        self._schema = schema
        self._history_size = history_size

    async def ping(self) -> None:
        """Raise unless the database answers and has the tables this version works with."""
        await self._database.read(partial(self._schema.check, driver=self._database.driver))

    async def append(
        self, room: str, message_id: str, user: str, text: str, sent_at: datetime
    ) -> Appended:
        def add(connection: Connection) -> Message:
            head = _next_position(connection, room)
            row = {
                "room": room,
                "offset": head.offset,
                "user_id": user,
                "message_id": message_id,
                "text": text,
                "sent_at": sent_at,
            }
            connection.execute(statements.ADD_MESSAGE, row)
            if head.offset % _TRIM_EVERY == 0:
                last = {"of_room": room, "an_offset": head.offset - self._history_size}
                connection.execute(statements.TRIM, last)
            return Message(room, message_id, head.offset, head.epoch, user, text, sent_at)

        def find(connection: Connection) -> Message | None:
            values = {"of_room": room, "of_user": user, "with_id": message_id}
            row = connection.execute(statements.FIND_MESSAGE, values).one_or_none()
            return row and _message(room, row)

        for _ in range(_ATTEMPTS):
            try:
                return Appended(await self._database.write(room, add), duplicate=False)
            except IntegrityError:  # nothing was stored, and the head is where it was
                stored = await self._database.read(find)
            if stored is not None:
                return Appended(stored, duplicate=True)
            # Another worker has just made the room, or trimmed the message away.
        raise Unavailable("database")

    async def replay(self, room: str, since: Position | None, limit: int) -> Replay:
        values = {
            "of_room": room,
            "since_epoch": since.epoch if since else "",
            "an_offset": since.offset if since else 0,
            "at_most": limit,
            "history": self._history_size,
        }
        rows = await self._rows(statements.REPLAY, values)
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
        values = {"of_room": room, "at_most": limit, "history": self._history_size}
        if offset is None:
            rows = await self._rows(statements.LATEST, values)
        else:
            rows = await self._rows(statements.BEFORE, {**values, "an_offset": offset})
        return [_message(room, row) for row in rows]

    async def heads(self, rooms: Collection[str]) -> dict[str, Position]:
        names = list(rooms)
        heads: dict[str, Position] = {}
        for start in range(0, len(names), _ROOMS_AT_ONCE):
            values = {"names": names[start : start + _ROOMS_AT_ONCE]}
            for name, epoch, head in await self._rows(statements.HEADS, values):
                heads[name] = Position(epoch, head)
        for name in names:
            if name not in heads:
                heads[name] = await self._create(name)
        return heads

    async def _create(self, room: str) -> Position:
        """Give a room without messages the epoch that its first message will be of."""
        try:
            return await self._database.write(room, partial(_add_room, room=room, head=0))
        except IntegrityError:  # another worker was faster
            return (await self.heads([room]))[room]

    async def _rows(self, statement: Executable, values: dict[str, Any]) -> Rows:
        def read(connection: Connection) -> Rows:
            return connection.execute(statement, values).all()

        return await self._database.read(read)


def _next_position(connection: Connection, room: str) -> Position:
    row = connection.execute(statements.NEXT_OFFSET, {"of_room": room}).one_or_none()
    return Position(row.epoch, row.head) if row else _add_room(connection, room, head=1)


def _add_room(connection: Connection, room: str, head: int) -> Position:
    """:raises IntegrityError: if the room is there already."""
    position = Position(secrets.token_hex(8), head)
    row = {"name": room, "epoch": position.epoch, "head": head}
    connection.execute(statements.ADD_ROOM, row)
    return position


def _message(room: str, row: Row[*tuple[Any, ...]]) -> Message:
    return Message(room, row.message_id, row.offset, row.epoch, row.user_id, row.text, row.sent_at)
