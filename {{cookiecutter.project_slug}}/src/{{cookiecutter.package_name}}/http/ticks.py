"""Publishing ticks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from flask import Blueprint, request
from msgspec import Meta

from ..domain.contract import Payload
from ..domain.errors import Refused
from ..domain.events import Moment, Symbol
from ..domain.ticks import MAX_BATCH, Price, Tick
from ..runtime.tokens import Claims
from .dependencies import dependencies
from .operation import operation

bp = Blueprint("ticks", __name__)

MAX_KEY = 128
"""Characters of an ``Idempotency-Key``."""


class NewTick(Payload, frozen=True):
    """``at``: now, if it is not given."""

    symbol: Symbol
    price: Price
    at: Moment | None = None


class TickBatch(Payload, frozen=True):
    ticks: Annotated[list[NewTick], Meta(min_length=1, description="At most 1000.")]


class Accepted(msgspec.Struct, frozen=True):
    accepted: int


@bp.post("/api/v1/ticks")
@operation("Publish ticks", scope="feed:write", status=202)
async def publish_ticks(body: TickBatch, claims: Claims) -> Accepted:
    """They reach every subscriber on every worker. All are taken, or none. With the header
    `Idempotency-Key`, a batch that is sent again within ten minutes is taken once."""
    if len(body.ticks) > MAX_BATCH:
        raise Refused("too_large", f"at most {MAX_BATCH} ticks at once; this has {len(body.ticks)}")
    now = datetime.now(UTC)
    ticks = [
        # those without a time get different ones, in the order they are in
        Tick(tick.symbol, tick.price, tick.at or now + timedelta(microseconds=number))
        for number, tick in enumerate(body.ticks)
    ]
    return Accepted(await dependencies().publisher.publish(ticks, key=_key(claims.sub)))


def _key(publisher: str) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Refused(
            "invalid_payload", f"Idempotency-Key: has to be 1 to {MAX_KEY} printable characters"
        )
    return f"{publisher}:{key}"
