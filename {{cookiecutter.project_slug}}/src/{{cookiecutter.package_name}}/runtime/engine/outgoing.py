"""What leaves the process: frames made once, written together, and never piled up without bound."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

MAX_UNSENT_BYTES = 1 << 20
"""Bytes that may wait for a client when there is more to send to it. What one turn of the loop
brings is always taken, so that a long answer does not end the connection it is for."""
MAX_UNSENT_SECONDS = 15.0
"""The age that the oldest unsent byte may reach: of a client that reads on, only too slowly."""


_log = logging.getLogger(__name__)

TEXT, BINARY, PONG = 0x81, 0x82, 0x8A
"""First bytes of frames that are whole messages."""
MAX_SHORT = 8192
_SHORT_TEXT = [bytes((TEXT, size)) for size in range(126)]


def text_frame(payload: bytes) -> bytes:
    """A whole WebSocket text message, as every client gets it: server frames are not masked."""
    size = len(payload)
    return _SHORT_TEXT[size] + payload if size < 126 else frame(TEXT, payload)


def frame(kind: int, payload: bytes) -> bytes:
    """A whole WebSocket message, or a control frame."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65536:
        return bytes((kind, 126)) + size.to_bytes(2) + payload
    return bytes((kind, 127)) + size.to_bytes(8) + payload


def is_short_text(frame: bytes) -> bool:
    """Whether picows would send it at once. Longer ones it hands to ``writelines``, which in
    asyncio itself did not hold back before Python 3.13.2 (python/cpython#127655)."""
    return frame[0] == TEXT and len(frame) <= MAX_SHORT


def payload(frame: bytes) -> memoryview:
    """What is in a short frame."""
    return memoryview(frame)[2 if frame[1] < 126 else 4 :]


class Outgoing(Protocol):
    def flush(self) -> None:
        """Write what was put aside during this turn of the loop."""
        ...


class Turn:
    """Writes once a turn of the event loop what was emitted during it, one write a connection."""

    def __init__(self) -> None:
        self._waiting: list[Outgoing] = []

    def add(self, outgoing: Outgoing) -> None:
        """Flush `outgoing` at the end of this turn. Call it once until then."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._end)
        self._waiting.append(outgoing)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        for outgoing in waiting:
            try:
                outgoing.flush()
            except Exception:  # the others are waiting too
                _log.exception("could not write to a client")


class Backlog:
    """What waits for a client that reads more slowly than it is written to.

    Exists from the write that the kernel did not take whole until all is sent. This is the place
    where an event's own policy (``drop_oldest``, ``coalesce``) would decide what is written.
    """

    __slots__ = ("_marks", "_transport", "_written")

    def __init__(self, transport: asyncio.WriteTransport, now: float) -> None:
        self._transport = transport
        self._written = transport.get_write_buffer_size()
        self._marks = deque([(now, self._written)])

    def write(self, data: bytes) -> bool:
        """Write `data`, or do nothing and return false if too much waits already."""
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            return False
        self._written += len(data)
        self._transport.write(data)
        return True

    def age(self, now: float) -> float:
        """Seconds the oldest unsent byte has waited, to the precision at which this is called."""
        if self._marks[-1][1] < self._written:
            self._marks.append((now, self._written))
        sent = self._written - self._transport.get_write_buffer_size()
        while len(self._marks) > 1 and self._marks[0][1] <= sent:
            self._marks.popleft()
        return now - self._marks[0][0]
