"""A client that speaks HTTP byte by byte."""

import socket

from .waiting import DEADLINE


def connect(url: str, request: str | bytes = b"") -> socket.socket:
    """A connection to `url` on which `request` has been sent."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=DEADLINE)
    connection.sendall(request.encode() if isinstance(request, str) else request)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """What the server sends until it closes."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received
