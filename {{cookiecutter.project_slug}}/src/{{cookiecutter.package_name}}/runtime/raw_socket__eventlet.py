"""The connection of a request, from eventlet's server, and written to at once."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from eventlet import wsgi

from .wsgi import Environ


def connection(environ: Environ) -> socket.socket:
    """The connection of the current request, to set its timeout or to take it over."""
    taken: socket.socket = environ["eventlet.input"].get_socket()
    return taken


def send_now(connection: socket.socket, data: bytes) -> int:
    """How many bytes of `data` the kernel takes at once.

    :raises OSError: the connection is lost; :exc:`BlockingIOError`: none.
    """
    sent: int = connection.fd.send(data)  # type: ignore[attr-defined]  # the system's own socket
    return sent


def hand_back() -> Iterable[bytes]:
    """What the application returns when it is done with the connection."""
    wsgi.WSGI_LOCAL.already_handled = True
    return []
