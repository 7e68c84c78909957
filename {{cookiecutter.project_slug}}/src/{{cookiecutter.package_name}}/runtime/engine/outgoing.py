"""What leaves the process: frames made once, and written together."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

_log = logging.getLogger(__name__)

TEXT, BINARY, PONG = 0x81, 0x82, 0x8A
"""First bytes of frames that are whole messages."""
MAX_SHORT = 8192
_SHORT_TEXT = [bytes((TEXT, size)) for size in range(126)]


def text_frame(payload: bytes) -> bytes:
    """A whole WebSocket text message, as every client gets it: server frames are not masked."""
    size = len(payload)
    if size < 126:
        return _SHORT_TEXT[size] + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return frame(TEXT, payload)


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
    """What is in a frame."""
    return memoryview(frame)[head_size(frame) :]


def head_size(frame: bytes) -> int:
    """How many bytes of a frame come before what is in it."""
    return 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10


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
