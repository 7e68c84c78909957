"""Keeps polling requests away from a Socket.IO server that takes only WebSockets."""

from __future__ import annotations

from .asgi import ASGIApp, Receive, Scope, Send, answer
from .polling import CONTENT_TYPE, STATUS, PollingRefusal


class WebSocketOnly:
    """ASGI middleware: plain HTTP requests to the Socket.IO path are told what to do instead.

    :param path: of the Socket.IO server.
    """

    def __init__(self, app: ASGIApp, *, path: str = "/socket.io") -> None:
        self._app = app
        self._path = "/" + path.strip("/") + "/"
        self._refusal = PollingRefusal()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] + "/").startswith(self._path):
            await self._app(scope, receive, send)
            return
        client = scope.get("client") or ("unknown", 0)
        body = self._refusal.body(scope["query_string"].decode("latin-1"), client[0])
        for message in answer(STATUS, CONTENT_TYPE, body):
            await send(message)
