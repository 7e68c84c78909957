"""A polling session that moves to a WebSocket."""

from __future__ import annotations

from asyncio import QueueEmpty
from contextlib import suppress
from typing import TYPE_CHECKING

from engineio.packet import NOOP, PING, Packet

from ..engineio_strict import StrictSocket
from ..send_queue import SendQueue
from ..server_frames import frame_of, text_frame
from .session import Session

if TYPE_CHECKING:
    from .engineio_server import FastEngine

UPGRADE_SECONDS = 10.0
"""Within which a client has to finish what it began."""
_PROBE, _PROBE_ANSWER, _UPGRADE = "2probe", text_frame(b"3probe"), "5"


class UpgradedSession(Session):
    """A WebSocket that asks for a polling session, and has it once the client says so."""

    __slots__ = ("_polling",)

    def __init__(self, server: FastEngine, polling: StrictSocket) -> None:
        super().__init__(server, polling.sid)
        self._polling: StrictSocket | None = polling
        polling.upgrading = True  # packets wait from here on; polls are answered with NOOP

    def opened(self) -> None:
        self._wheel.set(self, UPGRADE_SECONDS)

    def received(self, message: str | bytes) -> None:
        polling = self._polling
        if polling is None:
            super().received(message)
        elif message == _PROBE:
            _end_poll(polling)
            self.put(_PROBE_ANSWER)
        elif message == _UPGRADE and not (polling.closing or _has_gap(polling)):
            self._take_over(polling)
        else:
            self.end()

    def ended(self) -> None:
        if self._polling is None:
            super().ended()
        else:
            self._polling.upgrading = False

    def on_deadline(self) -> None:
        if self._polling is None:
            super().on_deadline()
        else:
            self.end()

    def _take_over(self, polling: StrictSocket) -> None:
        self._polling = None
        self.session = polling.session
        self.server.sockets[self.sid] = self
        with suppress(QueueEmpty):
            while True:
                pkt = polling.queue.get_nowait()
                if pkt is not None and pkt.packet_type not in (NOOP, PING):
                    self.put(frame_of(pkt))
        _end_poll(polling)
        polling.closing = polling.closed = True  # no event: the session goes on here
        self.on_deadline() if polling.last_ping else super().opened()


def _has_gap(polling: StrictSocket) -> bool:
    """Whether more was to be sent than may wait; engineio's own queue has no bound."""
    queue = polling.queue
    return isinstance(queue, SendQueue) and queue.backlog.overflowed


def _end_poll(polling: StrictSocket) -> None:
    if polling.polling:
        polling.queue.put_nowait(Packet(NOOP))
