"""Leaving in order: what a worker does between being told to stop and closing its server."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from .metrics import DRAINING
from .mode import Event, timeout

Step = Callable[[float], Awaitable[None]]

_log = logging.getLogger(__name__)


def closing_seconds(seconds: float) -> float:
    """What of a drain's `seconds` is kept for the server to close in, after the steps."""
    return min(3.0, seconds / 5)


class Drain:
    """Runs its steps once, in the order they were added.

    :param seconds: from the start of the drain until the process is gone.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = False
        self._finished = Event()
        self._steps: list[Step] = []

    def add(self, step: Step) -> None:
        """Add a step. It gets the seconds left, and is abandoned when they are over."""
        self._steps.append(step)

    async def run(self) -> None:
        """Drain; a second call waits for the first. Never raises: what fails is logged."""
        if self.started:
            await self._finished.wait()
            return
        self.started = True
        DRAINING.set(1)
        began = time.monotonic()
        budget = self.seconds - closing_seconds(self.seconds)
        try:
            for step in self._steps:
                await self._take(step, began + budget - time.monotonic())
        finally:
            self._finished.set()
        _log.info("drained in %.1f s", time.monotonic() - began)

    async def _take(self, step: Step, left: float) -> None:
        name = getattr(step, "__qualname__", repr(step))
        if left <= 0:
            _log.warning("drain step skipped, no time left: %s", name)
            return
        try:
            async with timeout(left):
                await step(left)
        except TimeoutError:
            _log.warning("drain step abandoned after %.1f s: %s", left, name)
        except Exception:
            _log.exception("drain step failed: %s", name)
