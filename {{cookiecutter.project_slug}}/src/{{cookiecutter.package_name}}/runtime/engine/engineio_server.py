"""The Engine.IO server: python-engineio's for polling, and its own way with WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from engineio.packet import Packet

from ..asgi import Receive, Scope, Send
from ..engineio_strict import StrictSocket
from ..frames import acceptable
from ..polling import is_taken
from ..server_frames import text_frame
from .connection import Connection
from .environ import environ_of
from .opening_query import asked_by
from .outgoing import Turn
from .polling import PollingEngine
from .protocol import EXTENSION, Opening
from .session import Session
from .tasks import Call
from .unsent import Unsent
from .upgrade import UpgradedSession
from .wheel import Wheel


class FastEngine(PollingEngine):
    """WebSockets cost no task while they are idle, and no queue when they are not.

    Those that do not come by an :class:`~.protocol.Opening`, as under another WebSocket
    implementation, are served as python-engineio does.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.turn = Turn()
        self.wheel = Wheel()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.unsent: Callable[[], Unsent] = partial(Unsent, 1 << 20, {})
        """What is to wait for a client that reads more slowly than it is written to."""
        self.shortcut: Callable[[Session, str], Call | None] = lambda session, message: None
        """Asked first about messages that look like a Socket.IO event."""

    def call_for(self, session: Session, message: str | bytes) -> Call | None:
        """What is to be done about a message; ``None``: nothing, or it is done."""
        if isinstance(message, bytes):
            return self.binary(session, message)
        if message[:1] != "4":
            return self._control(session, message)
        return self.message_call(session, Packet(encoded_packet=message).data)

    def binary(self, session: Session, message: bytes) -> Call:
        """What is to be done about a binary message, if its owner sets nothing else."""
        return self.message_call(session, message)

    def message_call(self, session: Session, data: Any) -> Call:
        """What python-socketio does about the content of a message."""
        return self.call("message", session.sid, data)

    async def call(self, event: str, *args: Any) -> Any:
        """As engineio's ``_trigger_event``, which asks each time of what kind its handler is."""
        try:
            if event in self.handlers:
                return await self.handlers[event](*args)
            return None
        except Exception:
            self.logger.exception("the handler of %s failed", event)
            return False if event == "connect" else None

    def _control(self, session: Session, message: str) -> Call | None:
        if acceptable(message) is None:
            session.refuse()
        elif message[0] == "1":
            return session.close(abort=True, reason=self.reason.CLIENT_DISCONNECT)
        return None

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> Any:
        pending = scope.get("extensions", {}).pop(EXTENSION, None)
        if pending is None:
            return await super().handle_request(scope, receive, send)
        environ = environ_of(scope)
        origin = environ.get("HTTP_ORIGIN")
        if origin and self.cors_allowed_origins != []:
            allowed = self._cors_allowed_origins(environ)
            if allowed is not None and origin not in allowed:
                self._log_error_once(f"{origin} is not an accepted origin.", "bad-origin")
                return pending.refuse(403, "this origin is not accepted")
        asked = asked_by(environ["QUERY_STRING"])
        if asked.transport != "websocket" or "websocket" not in self.transports:
            return pending.refuse(400, "unknown transport")
        if asked.sid is not None:
            return self._upgrade(environ["QUERY_STRING"], asked.sid, pending)
        if asked.version != "4":
            return pending.refuse(400, "unsupported protocol version: EIO=4 is spoken here")
        return await self._open(environ, pending)

    async def _open(self, environ: dict[str, Any], pending: Opening) -> None:
        session = Session(self, self.generate_id())
        sid = session.sid
        session.put(text_frame(b"0" + self._opening(sid)))
        self.sockets[sid] = session
        allowed = await self.call("connect", sid, environ)
        if allowed is not None and allowed is not True:
            del self.sockets[sid]
            pending.refuse(403)
        elif session.closed:
            pending.refuse(403)
        elif pending.accept(session, self.max_http_buffer_size):
            session.opened()
        else:
            await session.close(abort=True, reason=self.reason.TRANSPORT_CLOSE)

    def _upgrade(self, query: str, sid: str, pending: Opening) -> None:
        if is_taken(self.sockets, query):
            taken = Connection(self.turn, self.wheel, self.max_http_buffer_size, self.unsent)
            if pending.accept(taken, self.max_http_buffer_size):
                taken.end()
            return
        polling = self.sockets.get(sid)
        if (
            not isinstance(polling, StrictSocket)
            or not polling.connected
            or polling.closed
            or not self.allow_upgrades
        ):
            pending.refuse(400, "no such session to upgrade")
            return
        session = UpgradedSession(self, polling)
        if pending.accept(session, self.max_http_buffer_size):
            session.opened()
        else:
            session.ended()

    def _opening(self, sid: str) -> bytes:
        return msgspec.json.encode(
            {
                "sid": sid,
                "upgrades": [],
                "pingTimeout": int(self.ping_timeout * 1000),
                "pingInterval": int(self.ping_interval * 1000),
                "maxPayload": self.max_http_buffer_size,
            }
        )
