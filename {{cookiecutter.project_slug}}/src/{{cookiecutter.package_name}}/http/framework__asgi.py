"""The web framework: Flask, its async views on the server's own event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

from flask import Flask, Response, render_template, request

from ..runtime.flask_app import AsgiFlask, StreamedResponse

_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what comes as it comes."""


def make_app(name: str, **options: Any) -> Flask:
    return AsgiFlask(name, **options)


async def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    return request.get_data()


async def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return render_template(template, **values)


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events, sent as they come; `events` is closed when the client leaves."""
    return StreamedResponse(cast("AsyncGenerator[bytes, None]", events), headers=_STREAM)
