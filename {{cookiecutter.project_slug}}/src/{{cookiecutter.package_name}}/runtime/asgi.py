"""The words of ASGI, and the answers the machine room gives without asking the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .problems import CONTENT_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request header, all its lines joined by commas; `name` in lower case."""
    lines: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return b",".join(lines).decode("latin-1") if lines else None


def answer(
    status: int, content_type: str, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[Message, Message]:
    """The two messages of a whole response."""
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", str(len(body)).encode("latin-1")),
            *(headers or []),
        ],
    }
    return start, {"type": "http.response.body", "body": body}


def problem(
    status: int, code: str, detail: str, *, retry_after: float | None = None, close: bool = False
) -> tuple[Message, Message]:
    """The two messages of a problem document.

    :param retry_after: seconds.
    :param close: the connection ends with this answer.
    """
    document = Problem.of(status, code, detail, retry_after=retry_after)
    headers = [(k.lower().encode(), v.encode()) for k, v in document.headers().items()]
    if close:
        headers.append((b"connection", b"close"))
    return answer(status, CONTENT_TYPE, document.encode(), headers)
