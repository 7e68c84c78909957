"""The connection of a request, taken over from eventlet's server."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from eventlet import wsgi

from .wsgi import Environ


def take_over(environ: Environ) -> socket.socket:
    """The connection of the current request, for the application alone."""
    connection: socket.socket = environ["eventlet.input"].get_socket()
    return connection


def hand_back() -> Iterable[bytes]:
    """What the application returns when it is done with the connection."""
    wsgi.WSGI_LOCAL.already_handled = True
    return []
