"""The HTTP protocol of uvicorn, given to it by its ``http`` option: its own, but for WebSockets.

Requests for a WebSocket to the Socket.IO server go through the ASGI application like any other; the
engine then takes the connection over and speaks with picows. What else asks for a WebSocket on this
server is left to uvicorn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..asgi import Message, Scope
from .connection import Connection
from .picows_protocol import BoundedProtocol, Introduced
from .request import Request, plain_request, refusal
from .tasks import start

EXTENSION = "realtime.engine"
"""Where in ``scope["extensions"]`` the engine finds the connection it may take over."""

_log = logging.getLogger("uvicorn.error")


class HttpProtocol(HttpToolsProtocol):
    """A connection, until it is to become a WebSocket."""

    paths: tuple[str, ...] = ("/socket.io/", "/engine.io/")
    """What the engine serves; a class attribute, as uvicorn makes the instances."""

    def handle_websocket_upgrade(self) -> None:
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()  # nobody may ask for this before the last answer has come
            return
        request = Request(self.scope["method"], self.url, self.headers)
        if f"{request.path}/".startswith(self.paths):
            Opening(self, request).run()
        else:
            super().handle_websocket_upgrade()

    def let_go(self) -> None:
        """End the circle that this and its parser are, as uvicorn does with a lost connection."""
        self.parser = None  # type: ignore[assignment]


_NOBODY = asyncio.Protocol()


class Opening(asyncio.Protocol):
    """A connection that asked for a WebSocket, until the engine takes it over or refuses it."""

    def __init__(self, http: HttpProtocol, request: Request) -> None:
        self._http = http
        self._connections: set[Any] = http.server_state.connections
        self._transport: Any = http.transport
        self._request = request
        self._answered = False

    def run(self) -> None:
        """Ask the application. Until it has answered, nothing more is read."""
        fault = self._request.fault()
        if fault is not None:
            self.refuse(*fault)
            return
        task = start(self._ask(), self._http.loop)
        if not task.done():
            self._http.tasks.add(task)
            task.add_done_callback(self._http.tasks.discard)
        if not self._answered:  # at once, as is usual
            self._change_hands(self)
            self._transport.set_protocol(self)
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered = True
        self._connections.discard(self)

    def shutdown(self) -> None:
        """uvicorn stops."""
        self.refuse(503)

    def accept(self, connection: Connection, max_message_bytes: int) -> bool:
        """Answer 101 and let picows speak for `connection`; false if the client has gone."""
        if self._answered or self._transport.is_closing():
            return False
        self._answered = True
        self._change_hands(connection)
        self._http.let_go()
        connection.on_gone = self._connections.discard
        picows = BoundedProtocol.serving(connection, max_message_bytes)
        picows.connection_made(Introduced(self._transport))
        self._transport.pause_reading()
        # of a protocol that has no data_received, as picows', uvloop keeps the last one's
        self._transport.set_protocol(_NOBODY)
        self._transport.set_protocol(picows)
        picows.feed(plain_request(self._request.header(b"sec-websocket-key")))
        self._transport.resume_reading()
        return True

    def refuse(self, status: int, body: str = "") -> None:
        """Answer with an HTTP response and close."""
        if not self._answered:
            self._answered = True
            self._transport.write(refusal(status, body.encode()))
            self._transport.close()

    def _change_hands(self, owner: Any) -> None:
        """Let `owner` be told when uvicorn stops."""
        self._connections.discard(self._http)
        self._connections.discard(self)
        self._connections.add(owner)

    async def _ask(self) -> None:
        try:
            await self._http.app(self._scope(), self._receive, self._send)
        except Exception:
            _log.exception("Exception in ASGI application")
        self.refuse(500)

    async def _receive(self) -> Message:
        return {"type": "websocket.connect"}

    async def _send(self, message: Message) -> None:
        if message["type"] != "websocket.close":
            raise RuntimeError(f"the engine has no use for {message['type']}")
        self.refuse(403)

    def _scope(self) -> Scope:
        http, request = self._http, self._request
        return {
            "type": "websocket",
            "asgi": {"version": http.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if http.scheme == "https" else "ws",
            "server": http.server,
            "client": http.client,
            "root_path": http.root_path,
            "path": http.root_path + request.path,
            "raw_path": http.root_path.encode("ascii") + request.raw_path,
            "query_string": request.query,
            "headers": request.headers,
            "subprotocols": [],
            "state": http.app_state.copy(),
            "extensions": {EXTENSION: self},
        }
