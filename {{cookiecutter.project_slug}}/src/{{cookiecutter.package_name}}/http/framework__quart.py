"""The web framework: Quart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, render_template, request

_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what comes as it comes."""


def make_app(name: str, **options: Any) -> Quart:
    return Quart(name, **options)


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    body = await request.get_data(as_text=False)
    return body.encode() if isinstance(body, str) else body


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return await render_template(template, **values)


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events, sent as they come; `events` is closed when the client leaves."""
    response = Response(events, headers=_STREAM, mimetype="text/event-stream")
    response.timeout = None
    return response
