"""One Engine.IO session over a WebSocket, in the place of engineio's own socket."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engineio.exceptions import SocketIsClosedError
from engineio.packet import CLOSE, NOOP, PING, Packet

from .. import mode
from ..backlog import Backlog
from ..server_frames import frame_of, text_frame

if TYPE_CHECKING:
    from ..websocket import WebSocket
    from .engineio_server import DirectEngine

_PING, _CLOSE, _NOOP = (text_frame(str(kind).encode()) for kind in (PING, CLOSE, NOOP))

_log = logging.getLogger(__name__)


class _Queue:
    """What is asked of the queue that engineio's sockets have: how much waits in it."""

    __slots__ = ("backlog",)

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog

    def put(self, item: object) -> None:
        """Nobody waits for it."""


_NOTHING_WAITS = _Queue(Backlog(0, {}))


class Session:
    """Messages of one client, handled one at a time and in order, where they are read.

    It has the methods and attributes that python-engineio and python-socketio use of a socket.
    """

    __slots__ = (
        "_awaits_pong",
        "_guard",
        "_ws",
        "closed",
        "closing",
        "due",
        "server",
        "session",
        "sid",
    )
    connected = upgraded = True
    upgrading = False

    def __init__(self, server: DirectEngine, sid: str) -> None:
        self.server = server
        self.sid = sid
        self.session: dict[str, Any] = {}
        self.closing = self.closed = False
        self.due = 0
        self._awaits_pong = False
        self._guard = mode.Guard()
        self._ws: WebSocket = server.websocket(self)

    @property
    def queue(self) -> _Queue:
        unsent = self._ws.unsent
        return _NOTHING_WAITS if unsent is None else _Queue(unsent)

    @property
    def websocket(self) -> WebSocket:
        return self._ws

    # What engineio does with a socket

    def send(self, pkt: Packet) -> None:
        """Send an Engine.IO packet.

        :raises SocketIsClosedError: the session has ended.
        """
        if self.closed:
            raise SocketIsClosedError
        self.put(frame_of(pkt))

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session, and then its connection; with `abort` without saying so.

        :param wait: has no effect; nobody is waited for.
        """
        with self._guard:
            if self.closing:
                return
            self.closing = True
        try:
            reason = reason or self.server.reason.SERVER_DISCONNECT
            self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        finally:
            self.closed = True
            self.server.sockets.pop(self.sid, None)
            self._ws.wheel.cancel(self)
            if not abort:
                self.put(_CLOSE)
            self._ws.close()

    def check_ping_timeout(self) -> bool:
        return True  # the wheel sees to it

    # What goes out and comes in

    def put(self, frame: bytes) -> None:
        """Send a prepared frame, after all that was sent before."""
        self._ws.put(frame)

    def talk(self, ws: WebSocket) -> None:
        """Handle what the client sends until the connection ends."""
        ws.wheel.set(self, self.server.ping_interval)
        while (message := ws.wait()) is not None:
            if not self.closing:
                self._handle(message)
        self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)

    def _handle(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.server.binary(self, message)
        elif message[0] == "4":
            if not self.server.shortcut(self, message):
                self.server._trigger_event("message", self.sid, message[1:], run_async=False)
        elif message[0] == "3":
            self._awaits_pong = False
            self._ws.wheel.set(self, self.server.ping_interval)
        elif message[0] == "1":
            self.close(abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
        elif message[0] == "5":
            self.put(_NOOP)

    def on_time(self) -> None:
        if self.closing:
            return
        if self._awaits_pong and self._ws.is_deaf:  # the pong may be there
            self._ws.wheel.set(self, self.server.ping_timeout)
            return
        if self._awaits_pong:
            mode.spawn(self.close, reason=self.server.reason.PING_TIMEOUT)
            return
        self._awaits_pong = True
        self.put(_PING)
        self._ws.wheel.set(self, self.server.ping_timeout)
