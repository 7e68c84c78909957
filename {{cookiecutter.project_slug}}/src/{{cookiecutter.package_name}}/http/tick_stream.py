"""Publishing ticks while they still come: a line each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from flask import Blueprint, request
from werkzeug.exceptions import HTTPException

from ..domain.errors import Refused
from ..domain.ticks import MAX_AHEAD, Tick, is_ahead
from .dependencies import dependencies
from .lines import Lines
from .operation import operation
from .ticks import Accepted, NewTick

bp = Blueprint("tick_stream", __name__)

MAX_TICKS = 100_000
"""Of one stream."""


@bp.post("/api/v1/ticks/stream")
@operation("Publish a stream of ticks", scope="feed:write", status=202, codes=["draining"])
async def stream_ticks(lines: AsyncIterator[Lines[NewTick]]) -> Accepted:
    """Each line is a tick in JSON, published as it comes; at most 100,000 of them. It ends with the
    first bad line, or when no more can be taken: the refusal says how many were accepted, which
    are the first ones. Go on from there."""
    if "Idempotency-Key" in request.headers:
        raise Refused("invalid_payload", "Idempotency-Key: a stream is not sent again; leave it")
    taken = _Taken()
    try:
        async for batch in lines:
            await taken.take(batch)
    except Refused as refused:
        message = f"{taken.count} accepted, then {refused.message}"
        raise Refused(refused.code, message, refused.retry_after) from None
    except HTTPException as error:
        error.description = f"{taken.count} accepted, then {error.description}"
        raise
    return Accepted(taken.count)


class _Taken:
    """What has been taken of one stream: `count` ticks, the first ones."""

    def __init__(self) -> None:
        self.count = 0
        self._latest = datetime.min.replace(tzinfo=UTC)

    async def take(self, batch: Lines[NewTick]) -> None:
        """Publish ticks, up to the first that may not be.

        :raises Refused: what is wrong with that, or why there can be no more now.
        """
        if dependencies().drain.started:
            raise Refused("draining", "this worker is going down; send the rest to another", 1.0)
        ticks: list[Tick] = []
        refusal = None
        for number, given in batch:
            if self.count + len(ticks) == MAX_TICKS:
                refusal = Refused("too_large", f"line {number}: at most {MAX_TICKS} in a stream")
                break
            tick = Tick(given.symbol, given.price, given.at or self._next_moment())
            if is_ahead(tick, datetime.now(UTC)):
                seconds = MAX_AHEAD.total_seconds()
                reason = f"line {number}: at: more than {seconds:.0f} s in the future"
                refusal = Refused("invalid_payload", reason)
                break
            ticks.append(tick)
        if ticks:
            self.count += await dependencies().publisher.publish(ticks)
        if refusal is not None:
            raise refusal

    def _next_moment(self) -> datetime:
        """Now, but later than the one before: those without a time stay in order."""
        self._latest = max(datetime.now(UTC), self._latest + timedelta(microseconds=1))
        return self._latest
