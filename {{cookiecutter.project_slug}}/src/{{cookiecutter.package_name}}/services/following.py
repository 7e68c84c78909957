"""One reader of the feed that takes ticks at its own pace."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.ticks import Tick, newest
from ..runtime import mode

MAX_WAITING = 1000
"""Ticks that wait for a slow reader. Of more, the newest of each symbol are kept."""


class Following:
    """The ticks of `symbols`."""

    def __init__(self, symbols: frozenset[str]) -> None:
        self.symbols = symbols
        self._waiting: list[Tick] = []
        self._ended = False
        self._news = mode.Event()
        self._guard = mode.Guard()

    def add(self, ticks: Sequence[Tick]) -> None:
        if not ticks:
            return
        with self._guard:
            self._waiting += ticks
            if len(self._waiting) > MAX_WAITING:
                self._waiting = list(newest(self._waiting).values())
            self._news.set()

    def end(self) -> None:
        """Let :meth:`next` say that nothing more comes."""
        self._ended = True
        self._news.set()

    async def next(self, seconds: float) -> list[Tick] | None:
        """What has come; nothing after so many `seconds`; ``None``: nothing will come any more."""
        try:
            async with mode.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return []
        if self._ended:
            return None
        with self._guard:
            ticks, self._waiting = self._waiting, []
            self._news.clear()
        return ticks
