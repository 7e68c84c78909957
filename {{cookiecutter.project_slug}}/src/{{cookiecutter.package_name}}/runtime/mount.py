"""One ASGI application from the Socket.IO server and Flask."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from engineio.async_drivers.asgi import WebSocket, translate_request

from .asgi import ASGIApp, Receive, Scope, Send
from .frames import acceptable
from .server import RealtimeServer

SOCKETIO_PATH = "/socket.io"


class CheckedWebSocket(WebSocket):  # type: ignore[misc]
    """Engine.IO's transport, for frames that are packets."""

    async def wait(self) -> str | bytes | None:
        return acceptable(await super().wait())


class _Gone(Exception):
    """The client left before its request was there."""


async def _request(scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
    environ: dict[str, Any] = await translate_request(scope, receive, send)
    if not environ:  # which Engine.IO does not ask
        raise _Gone
    return environ


class Mount:
    """Sends what is under ``/socket.io`` to the Socket.IO server, and the rest to `http`."""

    def __init__(self, server: RealtimeServer, http: ASGIApp) -> None:
        server.eio._async = {
            **server.eio._async,
            "websocket": CheckedWebSocket,
            "translate_request": _request,
        }
        self._server = server
        self._http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == SOCKETIO_PATH or path.startswith(f"{SOCKETIO_PATH}/"):
            with suppress(_Gone):
                await self._server.handle_request(scope, receive, send)
        else:
            await self._http(scope, receive, send)
