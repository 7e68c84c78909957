"""The web framework: Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from ..runtime.incoming_body import chunks

_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what comes as it comes."""


def make_app(name: str, **options: Any) -> Flask:
    return Flask(name, **options)


def request_body() -> bytes:
    """The whole body of the current request; one that is too large is refused with 413."""
    limit = request.max_content_length or 0
    # Of a body that does not say how long it is, werkzeug gives as much as is allowed.
    request.max_content_length = limit + 1
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception:  # each server has its own for a body that makes no sense
        raise BadRequest("the request body cannot be read") from None
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def request_chunks(max_bytes: int) -> Iterator[bytes]:
    """The body of the current request while it arrives; one larger than `max_bytes` is a 413."""
    return chunks(request.environ, max_bytes)


def page(template: str, **values: Any) -> str:
    """A page made from one of the templates."""
    return render_template(template, **values)


def event_stream(events: Iterator[bytes]) -> Response:
    """Server-sent events, sent as they come; `events` is closed when the client leaves."""
    return Response(events, headers=_STREAM, mimetype="text/event-stream")
