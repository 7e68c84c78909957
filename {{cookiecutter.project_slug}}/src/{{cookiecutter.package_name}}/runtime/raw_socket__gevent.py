"""The connection of a request, from gunicorn, and how it is written to at once."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from .wsgi import Environ


def connection(environ: Environ) -> socket.socket:
    """The connection of the current request, to set its timeout or to take it over."""
    taken: socket.socket = environ["gunicorn.socket"]
    return taken


def send_now(connection: socket.socket, data: bytes) -> int:
    """How many bytes of `data` the kernel takes at once.

    :raises OSError: the connection is lost; :exc:`BlockingIOError`: none.
    """
    sent: int = connection.send(data, 0, 0.0)  # type: ignore[call-arg]  # gevent's: a timeout
    return sent


def hand_back() -> Iterable[bytes]:
    """What the application returns when it is done with the connection.

    :raises StopIteration: as gunicorn wants it, to close a connection without an answer.
    """
    raise StopIteration
