"""What leaves the process: frames made once, and written together."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from ..server_frames import TEXT, head_size

_log = logging.getLogger(__name__)

PONG = 0x8A
"""First byte of the frame that answers a ping."""
MAX_SHORT = 8192


def is_short_text(frame: bytes) -> bool:
    """Whether picows would send it at once. Longer ones it hands to ``writelines``, which in
    asyncio itself did not hold back before Python 3.13.2 (python/cpython#127655)."""
    return frame[0] == TEXT and len(frame) <= MAX_SHORT


def payload(frame: bytes) -> memoryview:
    """What is in a frame."""
    return memoryview(frame)[head_size(frame) :]


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
