"""One ASGI application from the Socket.IO server and Flask."""

from __future__ import annotations

from .asgi import ASGIApp, Receive, Scope, Send
from .server import RealtimeServer

SOCKETIO_PATH = "/socket.io"


class Mount:
    """Sends what is under ``/socket.io`` to the Socket.IO server, and the rest to `http`."""

    def __init__(self, server: RealtimeServer, http: ASGIApp) -> None:
        self._server = server
        self._http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == SOCKETIO_PATH or path.startswith(f"{SOCKETIO_PATH}/"):
            await self._server.handle_request(scope, receive, send)
        else:
            await self._http(scope, receive, send)
