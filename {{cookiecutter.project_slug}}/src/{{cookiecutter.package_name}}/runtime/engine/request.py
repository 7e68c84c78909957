"""The HTTP request that opens a WebSocket, and the answers to it."""

from __future__ import annotations

import binascii
from http import HTTPStatus
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]

VERSION = b"13"
"""Of the WebSocket protocol, RFC 6455."""


class Request:
    """What uvicorn has parsed of one.

    :param target: path and query, as they were sent.
    :param headers: names in lower case.
    """

    __slots__ = ("_first", "headers", "method", "path", "query", "raw_path")

    def __init__(self, method: str, target: bytes, headers: Headers) -> None:
        self.method = method
        self.headers = [(name, value.strip()) for name, value in headers]
        self._first = dict(reversed(self.headers))
        self.raw_path, _, self.query = target.partition(b"?")
        self.path = unquote(self.raw_path.decode("latin-1"))

    def header(self, name: bytes) -> bytes:
        """The first of that name; empty if there is none."""
        return self._first.get(name, b"")

    def fault(self) -> tuple[int, str] | None:
        """Why no WebSocket can be opened, as a status and a sentence."""
        if self.method != "GET":
            return 405, "a WebSocket is opened with GET"
        if self.header(b"sec-websocket-version") != VERSION:
            return 426, "this server speaks version 13 of the WebSocket protocol"
        try:
            key = binascii.a2b_base64(self.header(b"sec-websocket-key"), strict_mode=True)
        except binascii.Error:
            key = b""
        if len(key) != 16:
            return 400, "Sec-WebSocket-Key must be 16 bytes in base64"
        return None


def refusal(status: int, body: bytes = b"") -> bytes:
    """The response instead of a WebSocket."""
    extra = b"Sec-WebSocket-Version: " + VERSION + b"\r\n" if status == 426 else b""
    if status == 405:
        extra = b"Allow: GET\r\n"
    return (
        b"HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
        b"Connection: close\r\n\r\n%s"
        % (status, HTTPStatus(status).phrase.encode(), extra, len(body), body)
    )


def plain_request(key: bytes) -> bytes:
    """A request with nothing in it but what opens a WebSocket."""
    return (
        b"GET / HTTP/1.1\r\nHost: server\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: %s\r\nSec-WebSocket-Key: %s\r\n\r\n" % (VERSION, key)
    )
