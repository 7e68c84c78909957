"""The WebSocket protocol that uvicorn runs, as its documented ``ws`` option.

Requests to the Socket.IO server go through the ASGI application like any other; the engine then
takes the connection over and speaks with picows. What else asks for a WebSocket on this server is
left to uvicorn's own protocol.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from ..asgi import Message, Scope
from .connection import Connection
from .picows_protocol import BoundedProtocol
from .request import Request, plain_request, refusal

EXTENSION = "realtime.engine"
"""Where in ``scope["extensions"]`` the engine finds the connection it may take over."""

_log = logging.getLogger("uvicorn.error")


class WebSocketProtocol(asyncio.Protocol):
    """One connection, from its request until the engine takes it over or refuses it."""

    paths: tuple[str, ...] = ("/socket.io/", "/engine.io/")
    """What the engine serves; a class attribute, as uvicorn makes the instances."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._tasks = server_state.tasks
        self._connections: set[Any] = server_state.connections
        self._server_state = server_state
        self._app_state = app_state
        self._transport: Any
        self._request: Request
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered = True
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Called once, with the whole head: nothing is read until the request is answered."""
        self._transport.pause_reading()
        loop = asyncio.get_running_loop()
        self._request = Request.parse(data)
        if not f"{self._request.path}/".startswith(self.paths):
            # uvicorn sets the transport's protocol to this one when the call has returned
            loop.call_soon(self._hand_over, data)
            return
        task = loop.create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def shutdown(self) -> None:
        """uvicorn stops."""
        self.refuse(503)

    def accept(self, connection: Connection, max_message_bytes: int) -> bool:
        """Answer 101 and let picows speak for `connection`; false if the client has gone."""
        if self._answered or self._transport.is_closing():
            return False
        self._answered = True
        self._connections.discard(self)
        self._connections.add(connection)
        connection.on_gone = self._connections.discard
        picows = BoundedProtocol.serving(connection, max_message_bytes)
        picows.connection_made(self._transport)
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

    async def _run(self) -> None:
        fault = self._request.fault()
        if fault is not None:
            self.refuse(*fault)
            return
        try:
            await self._config.loaded_app(self._scope(), self._receive, self._send)
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
        request, transport = self._request, self._transport
        root_path = self._config.root_path
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(transport) else "ws",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": root_path,
            "path": root_path + request.path,
            "raw_path": root_path.encode("ascii") + request.raw_path,
            "query_string": request.query,
            "headers": request.headers,
            "subprotocols": [],
            "state": self._app_state.copy(),
            "extensions": {EXTENSION: self},
        }

    def _hand_over(self, head: bytes) -> None:
        self._connections.discard(self)
        if self._transport.is_closing():
            return
        stock: Any = WebSocketsSansIOProtocol(self._config, self._server_state, self._app_state)
        stock.connection_made(self._transport)
        self._transport.set_protocol(stock)
        stock.data_received(head)
        self._transport.resume_reading()
