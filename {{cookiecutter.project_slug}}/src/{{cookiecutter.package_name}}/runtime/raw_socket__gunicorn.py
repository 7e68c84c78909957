"""The connection of a request, taken over from gunicorn."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from .wsgi import Environ


def take_over(environ: Environ) -> socket.socket:
    """The connection of the current request, for the application alone."""
    connection: socket.socket = environ["gunicorn.socket"]
    return connection


def hand_back() -> Iterable[bytes]:
    """What the application returns when it is done with the connection.

    :raises StopIteration: as gunicorn wants it, to close a connection without an answer.
    """
    raise StopIteration
