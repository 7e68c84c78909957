"""The HTTP protocol of uvicorn, given to it by its ``http`` option: its own, but for WebSockets.

Requests for a WebSocket to the Socket.IO server go through the ASGI application like any other; the
engine then takes the connection over and speaks with picows. What else asks for a WebSocket on this
server is left to uvicorn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from ..asgi import Message, Scope
from .connection import Connection
from .first_request import opening_request
from .picows_protocol import BoundedProtocol, Introduced
from .request import Request, plain_request, refusal
from .tasks import start

EXTENSION = "realtime.engine"
"""Where in ``scope["extensions"]`` the engine finds the connection it may take over."""

_log = logging.getLogger("uvicorn.error")


class HttpProtocol(HttpToolsProtocol):
    """A connection, until it is to become a WebSocket.

    Nearly all that become one ask for it at once and in one piece. For these, uvicorn's part is
    not even begun, which spares 7 % of a handshake.
    """

    paths: tuple[str, ...] = ("/socket.io/", "/engine.io/")
    """What the engine serves; a class attribute, as uvicorn makes the instances."""
    cycle: Any = None
    """Of a request; uvicorn asks for it when it stops, also where its part was not begun."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_running_loop()
        self._is_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.server_state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_begun:
            super().connection_lost(exc)
        else:
            self.server_state.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if not self._is_begun:
            request = opening_request(data)
            if request is not None and self._is_served(request):
                self.server = get_local_addr(self.transport)
                self.client = get_remote_addr(self.transport)
                self.scheme = "https" if is_ssl(self.transport) else "http"
                Opening(self, request).run()
                return
            self._begin()
        super().data_received(data)

    def _begin(self) -> None:
        """Be what uvicorn makes of a connection."""
        self._is_begun = True
        transport = self.transport
        super().__init__(self.config, self.server_state, self.app_state, self.loop)
        super().connection_made(transport)

    def handle_websocket_upgrade(self) -> None:
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()  # nobody may ask for this before the last answer has come
            return
        request = Request(self.scope["method"], self.url, self.headers)
        if self._is_served(request):
            Opening(self, request).run()
        else:
            super().handle_websocket_upgrade()

    def _is_served(self, request: Request) -> bool:
        return f"{request.path}/".startswith(self.paths)

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
            tasks = self._http.server_state.tasks
            tasks.add(task)
            task.add_done_callback(tasks.discard)
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
        """Answer 101 and let picows speak for `connection`.

        False if the client has gone, or if picows fails; then the answer is 500 once the
        application is through.
        """
        if self._answered or self._transport.is_closing():
            return False
        self._change_hands(connection)
        self._http.let_go()
        connection.on_gone = self._connections.discard
        try:
            self._hand_over(BoundedProtocol.serving(connection, max_message_bytes))
        except Exception:
            _log.exception("picows did not take a connection")
            self._connections.discard(connection)
            return False
        self._answered = True
        return True

    def _hand_over(self, picows: BoundedProtocol) -> None:
        picows.connection_made(Introduced(self._transport))
        self._transport.pause_reading()
        # of a protocol that has no data_received, as picows', uvloop keeps the last one's
        self._transport.set_protocol(_NOBODY)
        self._transport.set_protocol(picows)
        picows.feed(plain_request(self._request.header(b"sec-websocket-key")))
        self._transport.resume_reading()

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
            await self._http.config.loaded_app(self._scope(), self._receive, self._send)
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
        root_path = http.config.root_path
        return {
            "type": "websocket",
            "asgi": {"version": http.config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if http.scheme == "https" else "ws",
            "server": http.server,
            "client": http.client,
            "root_path": root_path,
            "path": root_path + request.path,
            "raw_path": root_path.encode("ascii") + request.raw_path,
            "query_string": request.query,
            "headers": request.headers,
            "subprotocols": [],
            "state": http.app_state.copy(),
            "extensions": {EXTENSION: self},
        }
