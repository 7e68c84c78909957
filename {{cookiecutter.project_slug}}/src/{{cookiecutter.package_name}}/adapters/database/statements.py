"""The message log's statements. They are built once: building takes as long as running them."""

from __future__ import annotations

from typing import cast

from sqlalchemy import (
    BigInteger,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    insert,
    select,
    update,
)

from .models import MessageRow, RoomRow

rooms = cast(Table, RoomRow.__table__)
messages = cast(Table, MessageRow.__table__)

ROOM = bindparam("of_room", type_=String())
EPOCH = bindparam("since_epoch", type_=String())
OFFSET = bindparam("an_offset", type_=BigInteger())
LIMIT = bindparam("at_most", type_=BigInteger())
HISTORY = bindparam("history", type_=BigInteger())

_content = (
    messages.c.offset,
    messages.c.message_id,
    messages.c.user_id,
    messages.c.text,
    messages.c.sent_at,
)
_held = and_(messages.c.room == rooms.c.name, messages.c.offset > rooms.c.head - HISTORY)
_first = rooms.c.head - LIMIT
_usable = and_(rooms.c.epoch == EPOCH, rooms.c.head >= OFFSET, rooms.c.head - OFFSET <= LIMIT)

ADD_ROOM = insert(rooms)

# The room's row stays locked until the transaction ends: its log grows one message at a time.
NEXT_OFFSET = (
    update(rooms)
    .where(rooms.c.name == ROOM)
    .values(head=rooms.c.head + 1)
    .returning(rooms.c.epoch, rooms.c.head)
)
ADD_MESSAGE = insert(messages)
TRIM = delete(messages).where(messages.c.room == ROOM, messages.c.offset <= OFFSET)

FIND_MESSAGE = (
    select(rooms.c.epoch, *_content)
    .join(rooms, rooms.c.name == messages.c.room)
    .where(
        messages.c.room == ROOM,
        messages.c.user_id == bindparam("of_user"),
        messages.c.message_id == bindparam("with_id"),
    )
)
LATEST = (
    select(rooms.c.epoch, *_content)
    .join(messages, _held)
    .where(rooms.c.name == ROOM)
    .order_by(messages.c.offset.desc())
    .limit(LIMIT)
)
BEFORE = LATEST.where(messages.c.offset < OFFSET)
HEADS = select(rooms.c.name, rooms.c.epoch, rooms.c.head).where(
    rooms.c.name.in_(bindparam("names", expanding=True))
)
# One row if the room has no messages to give, none if there is no such room.
REPLAY = (
    select(rooms.c.epoch, rooms.c.head, *_content)
    .outerjoin(messages, and_(_held, messages.c.offset > case((_usable, OFFSET), else_=_first)))
    .where(rooms.c.name == ROOM)
    .order_by(messages.c.offset)
)
