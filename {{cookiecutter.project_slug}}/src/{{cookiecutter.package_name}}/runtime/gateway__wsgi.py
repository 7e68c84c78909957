"""One WSGI application from the Socket.IO server and Flask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import parse_qs

from flask import Flask

from . import mode
from .drain import Drain
from .polling import CONTENT_TYPE, STATUS, PollingRefusal
from .server import RealtimeServer
from .websocket import WebSocket
from .wheel import Wheel
from .wsgi import Environ, StartResponse, WSGIApp, answer, is_websocket

SOCKETIO_PATH = "/socket.io"


@contextmanager
def open_gateway(
    server: RealtimeServer, http: Flask, drain: Drain, *, polling: bool
) -> Iterator[WSGIApp]:
    """Everything a client of this worker can reach.

    :param http: request bodies larger than its ``MAX_CONTENT_LENGTH`` are refused with 413.
    :param polling: whether Socket.IO clients may poll; those who may not are told what to do.
    """
    wheel = Wheel()
    server.eio._async = {**server.eio._async, "websocket": partial(WebSocket, wheel)}
    mount = Mount(server, http)
    turning = mode.spawn(wheel.run)
    try:
        yield mount if polling else WebSocketOnly(mount)
    finally:
        mode.stop(turning)


class Mount:
    """Sends what is under ``/socket.io`` to the Socket.IO server, and the rest to `http`."""

    def __init__(self, server: RealtimeServer, http: WSGIApp) -> None:
        self._server = server
        self._http = http

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not is_socketio(environ):
            mode.give_way()  # requests that follow each other would hold up what runs beside them
            return self._http(environ, start_response)
        try:
            answered: Iterable[bytes] = self._server.handle_request(environ, start_response)
        finally:
            if is_websocket(environ):
                self._forget(environ)
        return answered

    def _forget(self, environ: Environ) -> None:
        """Take a connection that has ended out of Engine.IO's table.

        It does so itself, but not where the server wants an exception at the end of a WebSocket.
        """
        connection = environ.get("connection")
        if connection is None:  # an upgrade
            connection = parse_qs(environ.get("QUERY_STRING", "")).get("sid", [None])[0]
        socket = self._server.eio.sockets.get(connection)
        if socket is not None and socket.closed:
            self._server.eio.sockets.pop(connection, None)


class WebSocketOnly:
    """WSGI middleware: plain HTTP requests to the Socket.IO path are told what to do instead."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app
        self._refusal = PollingRefusal()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if is_websocket(environ) or not is_socketio(environ):
            return self._app(environ, start_response)
        body = self._refusal.body(environ.get("QUERY_STRING", ""), environ["REMOTE_ADDR"])
        return answer(start_response, STATUS, CONTENT_TYPE, body)


def is_socketio(environ: Environ) -> bool:
    """Whether a request is for the Socket.IO server."""
    return f"{environ['PATH_INFO']}/".startswith(f"{SOCKETIO_PATH}/")
