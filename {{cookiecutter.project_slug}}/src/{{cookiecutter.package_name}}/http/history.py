"""The ticks of a symbol, for reading back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec
from flask import Blueprint
from msgspec import UNSET, Meta, UnsetType

from ..domain.contract import Payload
from ..domain.errors import Refused
from ..domain.events import Moment, Symbol
from ..domain.ticks import Candle, Tick
from .dependencies import dependencies
from .operation import operation

bp = Blueprint("history", __name__)

_CURSOR = re.compile(r"([^,]+),([^,]+)")

Cursor = Annotated[str, Meta(max_length=100, description="The `next` of the page before.")]
Limit = Annotated[int, Meta(ge=1, le=1000, description="Most ticks or candles in the answer.")]
Minute = Annotated[Moment, Meta(description="Only earlier minutes.")]


class TicksQuery(Payload, frozen=True):
    before: Cursor | UnsetType = UNSET
    limit: Limit = 200


class TicksPage(msgspec.Struct, frozen=True):
    """Newest first. ``next`` is the ``before`` of the page that follows; null: there is none."""

    ticks: list[Tick]
    next: str | None


class CandlesQuery(Payload, frozen=True):
    before: Minute | UnsetType = UNSET
    limit: Limit = 200


class CandlesPage(msgspec.Struct, frozen=True):
    """Newest first. ``next`` is the ``before`` of the page that follows; null: there is none."""

    candles: list[Candle]
    next: datetime | None


@bp.get("/api/v1/symbols/<symbol>/ticks")
@operation("Read the ticks of a symbol", scope="feed:read")
async def list_ticks(symbol: Symbol, query: TicksQuery) -> TicksPage:
    """Newest first, page by page. A tick is here within a second of its acceptance."""
    before = None if query.before is UNSET else _position(query.before)
    found = await dependencies().history.ticks(symbol, before, query.limit)
    if len(found) < query.limit:
        return TicksPage(found, None)
    last = found[-1]
    return TicksPage(found, f"{last.at.isoformat().replace('+00:00', 'Z')},{last.price!r}")


@bp.get("/api/v1/symbols/<symbol>/candles")
@operation("Read the one-minute candles of a symbol", scope="feed:read")
async def list_candles(symbol: Symbol, query: CandlesQuery) -> CandlesPage:
    """Newest first, page by page. The newest may still change."""
    before = None if query.before is UNSET else query.before
    found = await dependencies().history.candles(symbol, before, query.limit)
    return CandlesPage(found, found[-1].minute if len(found) == query.limit else None)


def _position(cursor: str) -> tuple[datetime, float]:
    match = _CURSOR.fullmatch(cursor)
    try:
        if match is None:
            raise ValueError
        return msgspec.convert(match[1], Moment), float(match[2])
    except ValueError:
        raise Refused("invalid_payload", "before: give the next of the page before") from None
