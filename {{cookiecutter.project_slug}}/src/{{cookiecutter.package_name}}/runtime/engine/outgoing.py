"""What leaves the process: frames made once, and written together."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from ..server_frames import TEXT, head_size

_log = logging.getLogger(__name__)

MAX_SHORT = 8192
MANY = 100
"""Clients written to in one turn, after which the next one waits."""
REST = 2.0
"""How many times as long as such a turn took the next one waits. Measured with two workers on
one core, each message to 1,000: 62,000 deliveries a CPU second without, 105,000 with 1, 140,000
with 2; half of them within 72, 43 and 35 ms."""
MAX_REST_SECONDS = 0.02
"""The longest that this adds to the way of an event."""


def is_short_text(frame: bytes) -> bool:
    """Whether picows would send it at once. Longer ones it hands to ``writelines``, which in
    asyncio itself did not hold back before Python 3.13.2 (python/cpython#127655)."""
    return frame[0] == TEXT and len(frame) <= MAX_SHORT


def payload(frame: bytes) -> bytes:
    """What is in a frame."""
    return frame[head_size(frame) :]


class Outgoing(Protocol):
    def flush(self) -> None:
        """Write what was put aside during this turn of the loop."""
        ...


class Turn:
    """Writes once a turn of the event loop what was emitted during it, one write a connection.

    A write costs several times what making it ready does. So after a turn that wrote to many, the
    next one waits for :data:`REST` times as long as that took: what is emitted meanwhile goes out
    with it. Under many broadcasts each client gets several in one write, and all get them sooner.
    What a client is answered does not wait so: it may be about to leave.
    """

    def __init__(self) -> None:
        self._waiting: list[Outgoing] = []
        self._answered: list[Outgoing] = []
        self._rested_at = 0.0

    def add(self, outgoing: Outgoing) -> None:
        """Flush `outgoing` at the end of this turn. Call it once until then."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            rest = self._rested_at - time.monotonic()
            if rest > 0:
                loop.call_later(rest, self._end)
            else:
                loop.call_soon(self._end)
        self._waiting.append(outgoing)

    def answer(self, outgoing: Outgoing) -> None:
        """Flush `outgoing` at the end of this turn, however many the last one wrote to."""
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._end_answers)
        self._answered.append(outgoing)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._write(waiting)

    def _end_answers(self) -> None:
        answered, self._answered = self._answered, []
        self._write(answered)

    def _write(self, waiting: list[Outgoing]) -> None:
        started = time.monotonic()
        for outgoing in waiting:
            try:
                outgoing.flush()
            except Exception:  # the others are waiting too
                _log.exception("could not write to a client")
        if len(waiting) >= MANY:
            now = time.monotonic()
            self._rested_at = now + min(REST * (now - started), MAX_REST_SECONDS)
