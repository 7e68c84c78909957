"""The web framework: Flask, its async views on the server's own event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

from flask import Flask, Response, render_template, request

from ..runtime.body_file import chunks
from ..runtime.flask_app import AsgiFlask, StreamedResponse

_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what comes as it comes."""
STREAMED_TYPES = ("application/x-ndjson",)
"""Bodies that views read while they arrive, with :func:`request_chunks`. Others come first."""


def make_app(name: str, **options: Any) -> Flask:
    app = AsgiFlask(name, **options)
    app.config["STREAMED_TYPES"] = STREAMED_TYPES
    return app


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    return request.get_data()


def request_chunks(max_bytes: int) -> AsyncIterator[bytes]:
    """The body of the current request while it arrives; one larger than `max_bytes` is a 413.

    It has to be of one of the types in :data:`STREAMED_TYPES`.
    """
    return chunks(request.environ["wsgi.input"], max_bytes)


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return render_template(template, **values)


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events, sent as they come; `events` is closed when the client leaves."""
    return StreamedResponse(cast("AsyncGenerator[bytes, None]", events), headers=_STREAM)
