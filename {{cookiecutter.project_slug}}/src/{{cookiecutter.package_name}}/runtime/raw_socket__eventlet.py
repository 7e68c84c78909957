"""The connection of a request, from eventlet's server."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from eventlet import wsgi

from .wsgi import Environ


def connection(environ: Environ) -> socket.socket:
    """The connection of the current request, to set its timeout or to take it over."""
    taken: socket.socket = environ["eventlet.input"].get_socket()
    return taken


def hand_back() -> Iterable[bytes]:
    """What the application returns when it is done with the connection."""
    wsgi.WSGI_LOCAL.already_handled = True
    return []
