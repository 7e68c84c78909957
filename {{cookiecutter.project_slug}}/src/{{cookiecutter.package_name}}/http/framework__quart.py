"""The web framework: Quart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, render_template, request

from ..runtime.incoming_body import IncomingBody

_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what comes as it comes."""
STREAMED_TYPES = ("application/x-ndjson",)
"""Bodies that views read while they arrive, with :func:`request_chunks`. Others come first."""


def make_app(name: str, **options: Any) -> Quart:
    app = Quart(name, **options)
    app.config["STREAMED_TYPES"] = STREAMED_TYPES
    return app


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    body = await request.get_data(as_text=False)
    return body.encode() if isinstance(body, str) else body


def request_chunks(max_bytes: int) -> AsyncIterator[bytes]:
    """The body of the current request while it arrives; one larger than `max_bytes` is a 413.

    It has to be of one of the types in :data:`STREAMED_TYPES`.
    """
    body: IncomingBody = request.scope["incoming_body"]  # type: ignore[typeddict-item]
    body.allow(max_bytes)
    return aiter(body)


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return await render_template(template, **values)


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events, sent as they come; `events` is closed when the client leaves."""
    response = Response(events, headers=_STREAM, mimetype="text/event-stream")
    response.timeout = None
    return response
