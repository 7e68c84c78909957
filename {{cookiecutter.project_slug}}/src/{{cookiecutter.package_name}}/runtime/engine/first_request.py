"""A request for a WebSocket that is the first thing to come on a connection, as it usually is."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from .request import Headers, Request


class _Head:
    """What the parser that uvicorn uses finds in the head of a request."""

    __slots__ = ("headers", "target")

    def __init__(self) -> None:
        self.target = b""
        self.headers: Headers = []

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))


def opening_request(data: bytes) -> Request | None:
    """The request for a WebSocket that `data` is: whole, correct, and with nothing after it."""
    if not data.startswith(b"GET ") or b"pgrade" not in data:
        return None
    head = _Head()
    try:
        HttpRequestParser(head).feed_data(data)
    except HttpParserUpgrade as upgrade:
        request = Request("GET", head.target, head.headers)
        whole = upgrade.args[0] == len(data)
        return request if whole and request.header(b"upgrade").lower() == b"websocket" else None
    except HttpParserError:
        pass
    return None
