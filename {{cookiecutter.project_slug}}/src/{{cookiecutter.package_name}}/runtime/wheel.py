"""Deadlines of many connections, kept by one task a worker."""

from __future__ import annotations

import logging
import time
from math import ceil
from typing import Protocol

from . import mode

TICK = 0.1
"""Seconds between two looks: deadlines are met this much late at most, and never early."""

_log = logging.getLogger(__name__)


class Timed(Protocol):
    """What a wheel turns: it has one deadline at a time, and a place to note it."""

    due: int

    def on_time(self) -> None:
        """Its deadline has come. Called where the other deadlines wait: it must not."""
        ...


class Wheel:
    """Calls :meth:`Timed.on_time` when it is time, as long as :meth:`run` does."""

    def __init__(self) -> None:
        self._slots: dict[int, set[Timed]] = {}
        self._now = _ticks()
        self._guard = mode.Guard()

    def __len__(self) -> int:
        with self._guard:
            return sum(map(len, self._slots.values()))

    def set(self, item: Timed, seconds: float) -> None:
        """Let the deadline of `item` be in so many seconds, instead of what it was."""
        due = ceil((time.monotonic() + seconds) / TICK)
        with self._guard:
            self._discard(item)
            item.due = max(due, self._now + 1)
            self._slots.setdefault(item.due, set()).add(item)

    def cancel(self, item: Timed) -> None:
        with self._guard:
            self._discard(item)

    def run(self) -> None:
        """Turn the wheel until the task is stopped."""
        while True:
            mode.sleep(TICK)
            for item in self._take_due():
                try:
                    item.on_time()
                except Exception:  # the others are due too
                    _log.exception("a deadline could not be seen to")

    def _take_due(self) -> list[Timed]:
        found: list[Timed] = []
        with self._guard:
            now = _ticks()
            while self._now < now:
                self._now += 1
                found += self._slots.pop(self._now, ())
        return found

    def _discard(self, item: Timed) -> None:
        slot = self._slots.get(item.due)
        if slot is not None:
            slot.discard(item)
            if not slot:
                del self._slots[item.due]


def _ticks() -> int:
    return int(time.monotonic() / TICK)
