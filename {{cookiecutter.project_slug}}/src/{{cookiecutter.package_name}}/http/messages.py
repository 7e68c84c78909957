"""The messages of a room, for reading back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Blueprint
from msgspec import Meta

from ..domain.contract import Payload
from ..domain.events import Message, Offset, Room
from ..runtime.tokens import Claims
from .dependencies import dependencies
from .operation import operation

bp = Blueprint("messages", __name__)

Before = Annotated[Offset, Meta(description="Only messages with a lower offset.")]
Limit = Annotated[int, Meta(ge=1, le=200, description="Most messages in the answer.")]


class HistoryQuery(Payload, frozen=True):
    before: Before | None = None
    limit: Limit = 50


class HistoryPage(msgspec.Struct, frozen=True):
    """Newest first. ``next`` is the ``before`` of the page that follows; null: there is none."""

    messages: list[Message]
    next: int | None


@bp.get("/api/v1/rooms/<room>/messages")
@operation("Read the messages of a room", scope="chat")
async def list_messages(room: Room, query: HistoryQuery, claims: Claims) -> HistoryPage:
    """Newest first, page by page. A token with a `rooms` claim reads those rooms only."""
    found = await dependencies().chat.history(room, query.before, query.limit, claims.rooms)
    more = len(found) == query.limit and found[-1].offset > 1
    return HistoryPage(messages=found, next=found[-1].offset if more else None)
