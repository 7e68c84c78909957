"""Published ticks on their way to the history: nobody who publishes waits for it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ..domain.errors import Refused, Unavailable
from ..domain.ticks import Tick
from ..ports import TickHistory
from ..runtime import mode
from ..runtime.metrics import FEED_UNRECORDED

_log = logging.getLogger(__name__)

MAX_WAITING = 100_000
"""Ticks. While so many wait, publishing is refused: what was accepted is not dropped."""
MAX_WRITTEN = 2000
"""Ticks written at once."""
COLLECT_SECONDS = 0.1
"""What comes in so short a time is written together."""
RETRY_SECONDS = 1.0
FLUSH_SECONDS = 5.0


class Recorder:
    """Writes to `history`, in batches. A worker that is killed takes with it what waits here."""

    def __init__(self, history: TickHistory) -> None:
        self._history = history
        self._waiting: deque[Tick] = deque()
        self._news = mode.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def require_room(self) -> None:
        """:raises Refused: ``overloaded``: the history is too far behind."""
        if len(self._waiting) >= MAX_WAITING:
            raise Refused("overloaded", "ticks come faster than they can be stored", 1.0)

    def add(self, ticks: Sequence[Tick]) -> None:
        self._waiting.extend(ticks)
        FEED_UNRECORDED.set(len(self._waiting))
        self._news.set()

    async def run(self) -> None:
        """Write what comes. Runs as long as the worker does."""
        while True:
            await self._news.wait()
            self._news.clear()
            await mode.sleep(COLLECT_SECONDS)
            while self._waiting:
                if not await self._write():
                    await mode.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what waits, in :data:`FLUSH_SECONDS`."""
        deadline = time.monotonic() + FLUSH_SECONDS
        while self._waiting and await self._write() and time.monotonic() < deadline:
            pass
        if self._waiting:
            _log.error("%d ticks were not stored", len(self._waiting))

    async def _write(self) -> bool:
        """Write the oldest; false if they have to be written again."""
        batch = [self._waiting[number] for number in range(min(len(self._waiting), MAX_WRITTEN))]
        try:
            await self._history.record(batch)
        except Unavailable as refused:
            _log.warning("%d ticks wait to be stored: %s", len(self._waiting), refused.message)
            return False
        except Refused as refused:
            _log.error("ticks cannot be stored: %s", refused.message)
        for _ in batch:
            self._waiting.popleft()
        FEED_UNRECORDED.set(len(self._waiting))
        return True


@asynccontextmanager
async def open_recorder(history: TickHistory) -> AsyncIterator[Recorder]:
    """A recorder at work; at the end it writes what is left."""
    recorder = Recorder(history)
    task = mode.spawn(recorder.run)
    try:
        yield recorder
    finally:
        await mode.stop(task)
        await recorder.flush()
