"""An Engine.IO server that lets WebSockets in by the direct way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from engineio.packet import OPEN

from ..outgoing import Unsent
from ..polling_server import PollingEngine
from ..server_frames import text_frame
from ..websocket import WebSocket
from ..wsgi import Environ, StartResponse, is_websocket
from .session import Session


class DirectEngine(PollingEngine):
    """Sessions that begin as WebSockets are :class:`~.session.Session`; others are engineio's.

    :ivar shortcut: handles a text message if it can; set by its owner.
    :ivar unsent: makes what holds frames for a slow reader; set by its owner.
    """

    shortcut: Callable[[Session, str], bool]
    unsent: Callable[[], Unsent]

    def websocket(self, session: Session) -> WebSocket:
        ws: WebSocket = self._async["websocket"](session.talk, self, self.unsent)
        return ws

    def binary(self, session: Session, message: bytes) -> None:
        """Handle a binary message, as python-socketio does if its owner sets nothing else."""
        self._trigger_event("message", session.sid, message, run_async=False)

    def handle_request(self, environ: Environ, start_response: StartResponse) -> Any:
        if self._begins_here(environ):
            return self._begin(environ, start_response)
        return super().handle_request(environ, start_response)

    def _begins_here(self, environ: Environ) -> bool:
        """Whether a request is beyond doubt a WebSocket that begins a session."""
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        return (
            is_websocket(environ)
            and environ["REQUEST_METHOD"] == "GET"
            and asked.get("transport") == ["websocket"]
            and asked.get("EIO") == ["4"]
            and "sid" not in asked
            and "j" not in asked
            and "websocket" in self.transports
            and self.cors_allowed_origins(environ.get("HTTP_ORIGIN"), environ)
        )

    def _begin(self, environ: Environ, start_response: StartResponse) -> Any:
        sid = self.generate_id()
        session = self.sockets[sid] = Session(self, sid)
        accepted = self._trigger_event("connect", sid, environ, run_async=False)
        if accepted is not None and accepted is not True:
            del self.sockets[sid]
            refused = self._unauthorized()
            start_response(refused["status"], refused["headers"])
            return [refused["response"]]
        session.websocket.greeting = self._greeting(sid)
        try:
            return session.websocket(environ, start_response)
        finally:
            session.close(abort=True, reason=self.reason.TRANSPORT_ERROR)  # if it never began

    def _greeting(self, sid: str) -> bytes:
        interval = int(self.ping_interval + self.ping_interval_grace_period) * 1000
        return text_frame(
            b'%d{"sid":"%s","upgrades":[],"pingTimeout":%d,"pingInterval":%d,"maxPayload":%d}'
            % (
                OPEN,
                sid.encode(),
                int(self.ping_timeout * 1000),
                interval,
                self.max_http_buffer_size,
            )
        )
