"""Deadlines of many connections on one timer."""

from __future__ import annotations

import asyncio
import logging
from math import ceil
from typing import Protocol

TICK = 0.1
"""Seconds between two looks: deadlines are met this much late at most, and never early."""

_log = logging.getLogger(__name__)


class Timed(Protocol):
    """What a wheel turns: it has one deadline at a time, and a place to note it."""

    due: int

    def on_time(self) -> None:
        """Its deadline has come."""
        ...


class Wheel:
    """Calls :meth:`Timed.on_time` when it is time. Its timer runs while there is anything on it."""

    def __init__(self) -> None:
        self._slots: dict[int, set[Timed]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._now = 0

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def set(self, item: Timed, seconds: float) -> None:
        """Let the deadline of `item` be in so many seconds, instead of what it was."""
        self.cancel(item)
        if self._timer is None:
            self._now = self._ticks()
            self._next()
        due = asyncio.get_running_loop().time() + seconds
        item.due = max(ceil(due / TICK), self._now + 1)
        self._slots.setdefault(item.due, set()).add(item)

    def cancel(self, item: Timed) -> None:
        slot = self._slots.get(item.due)
        if slot is not None:
            slot.discard(item)

    def _ticks(self) -> int:
        return int(asyncio.get_running_loop().time() / TICK)

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK, self._turn)

    def _turn(self) -> None:
        now = self._ticks()
        due: list[Timed] = []
        while self._now < now:
            self._now += 1
            due += self._slots.pop(self._now, ())
        if self._slots or due:
            self._next()
        else:
            self._timer = None
        for item in due:
            try:
                item.on_time()
            except Exception:  # the others are due too
                _log.exception("a deadline could not be seen to")
