"""The words of WSGI, and the answers the machine room gives without asking the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def is_websocket(environ: Environ) -> bool:
    """Whether a request asks for a WebSocket."""
    upgrade: str = environ.get("HTTP_UPGRADE", "")
    return upgrade.lower() == "websocket"


def answer(
    start_response: StartResponse, status: int, content_type: str, body: bytes
) -> Iterable[bytes]:
    """A whole response."""
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
