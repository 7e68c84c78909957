"""The connection of a request, taken over from gunicorn, and how it is written to at once."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from .wsgi import Environ


def take_over(environ: Environ) -> socket.socket:
    """The connection of the current request, for the application alone. It waits without end."""
    connection: socket.socket = environ["gunicorn.socket"]
    connection.settimeout(None)
    return connection


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
