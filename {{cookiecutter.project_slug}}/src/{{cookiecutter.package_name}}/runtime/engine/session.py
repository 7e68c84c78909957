"""One Engine.IO session over a WebSocket, in the place of engineio's own socket."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from engineio.exceptions import SocketIsClosedError
from engineio.packet import CLOSE, PING, Packet
from picows import WSCloseCode

from ..backlog import Backlog
from ..server_frames import frame_of, text_frame
from .connection import Connection
from .tasks import Call, start

if TYPE_CHECKING:
    from .engineio_server import FastEngine

_PING = text_frame(str(PING).encode())
_CLOSE = text_frame(str(CLOSE).encode())

_log = logging.getLogger(__name__)


class _Queue:
    """What is asked of the queue that engineio's sockets have: how much waits in it."""

    __slots__ = ("backlog",)

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog

    async def put(self, item: object) -> None:
        """Nobody waits for it."""


_NOTHING_WAITS = _Queue(Backlog(0, {}))


class Session(Connection):
    """Messages of one client, handled one at a time and in order.

    It has the methods and attributes that python-engineio and python-socketio use of a socket.
    """

    __slots__ = (
        "_awaits_pong",
        "_context",
        "_inbox",
        "_paused",
        "_running",
        "closed",
        "closing",
        "server",
        "session",
        "sid",
    )
    connected = upgraded = True
    upgrading = False

    def __init__(self, server: FastEngine, sid: str) -> None:
        super().__init__(server.turn, server.wheel, server.max_http_buffer_size, server.unsent)
        self.server = server
        self.sid = sid
        self.session: dict[str, Any] = {}
        self.closing = self.closed = False
        self._context = copy_context()  # of the request: what is logged carries its id
        self._running: asyncio.Task[Any] | None = None
        self._inbox: deque[str | bytes] | None = None
        self._paused = False
        self._awaits_pong = False

    @property
    def queue(self) -> _Queue:
        return _NOTHING_WAITS if self._unsent is None else _Queue(self._unsent)

    # What engineio does with a socket

    async def send(self, pkt: Packet) -> None:
        """Send an Engine.IO packet.

        :raises SocketIsClosedError: the session has ended.
        """
        if self.closed:
            raise SocketIsClosedError
        self.put(frame_of(pkt))

    async def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None
    ) -> None:
        """End the session, and then its connection; with `abort` without saying so.

        :param wait: has no effect; nobody is waited for.
        """
        if self.closing:
            return
        self.closing = True
        reason = reason or self.server.reason.SERVER_DISCONNECT
        try:
            await self.server.call("disconnect", self.sid, reason)
        finally:
            self.closed = True
            if self.server.sockets.get(self.sid) is self:
                del self.server.sockets[self.sid]
            if not abort:
                self.put(_CLOSE)
            self.end()

    async def check_ping_timeout(self) -> bool:
        return True  # the wheel sees to it

    # What comes in

    def opened(self) -> None:
        """The session has begun: keep it alive."""
        self._wheel.set(self, self.server.ping_interval)

    def received(self, message: str | bytes) -> None:
        if message == "3":
            self._awaits_pong = False
            self._wheel.set(self, self.server.ping_interval)
        elif self.closing:
            return
        elif self._running is None:
            call = None
            if message[:2] == "42":
                call = self.server.shortcut(self, message)  # type: ignore[arg-type]
            if call is None:
                call = self.server.call_for(self, message)
            if call is not None:
                self._run(call)
        else:
            if self._inbox is None:
                self._inbox = deque()
            self._inbox.append(message)
            self._pause()

    def ended(self) -> None:
        if not self.closing and self._running is None:
            self._leave()
        # else the handler that runs, or what has come after it, is finished first

    def on_deadline(self) -> None:
        if self._paused:  # a pong would not be seen
            self._wheel.set(self, self.server.ping_timeout)
        elif self._awaits_pong:
            self._start(self.close(reason=self.server.reason.PING_TIMEOUT))
        else:
            self._awaits_pong = True
            self.put(_PING)
            self._wheel.set(self, self.server.ping_timeout)

    def _run(self, call: Call) -> None:
        """Run a handler. Unless it has finished at once, the next message waits for it."""
        task = self._start(call)
        if not task.done():
            self._running = task
            task.add_done_callback(self._finished)

    def _start(self, call: Call) -> asyncio.Task[Any]:
        task = start(call, self._loop, self._context)
        if task.done():
            _report(task)
        else:
            self.server.tasks.add(task)  # the loop itself keeps only a weak reference
            task.add_done_callback(self.server.tasks.discard)
            task.add_done_callback(_report)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running = None
        while self._inbox and self._running is None:
            self.received(self._inbox.popleft())
        if self._running is None:
            if self._paused and self._transport is not None:
                self._paused = False
                self._transport.resume_reading()
            if self.ending and not self.closing:
                self._leave()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _leave(self) -> None:
        reason = self.server.reason.TRANSPORT_CLOSE
        self._start(self.close(abort=True, reason=reason))

    def refuse(self) -> None:
        """What came is no packet of this protocol."""
        self.end(WSCloseCode.UNSUPPORTED_DATA)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a handler failed", exc_info=error)
