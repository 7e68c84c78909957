"""The queue of packets for one client, as Engine.IO uses it."""

from __future__ import annotations

import queue
from typing import Any

from . import mode
from .backlog import Backlog, Policies


class SendQueue:
    """Takes the place of :class:`queue.Queue`, which has no bound that would hurt nobody else."""

    def __init__(self, limit: int, policies: Policies) -> None:
        self.backlog = Backlog(limit, policies)
        self._unfinished = 0
        self._guard = mode.Guard()
        self._filled = mode.Event()
        self._finished = mode.Event()

    def put(self, item: Any) -> None:
        with self._guard:
            self._unfinished += 1
        dropped = self.backlog.add(item)
        self._filled.set()
        if dropped:
            self._done(dropped)

    def get(self, block: bool = True, timeout: float = 3600.0) -> Any:
        """The oldest packet.

        :param timeout: seconds.
        :raises queue.Empty: if there is none, or none comes in time.
        """
        try:
            if block and not self.backlog:
                self._wait(timeout)
            return self.backlog.take()
        except (TimeoutError, IndexError):
            raise queue.Empty from None

    def _wait(self, timeout: float) -> None:
        with mode.timeout(timeout):
            while not self.backlog:
                self._filled.clear()
                if not self.backlog:  # with threads, one may have come in between
                    self._filled.wait()

    def task_done(self) -> None:
        self._done(1)

    def join(self) -> None:
        while self._unfinished > 0:
            self._finished.clear()
            if self._unfinished > 0:
                self._finished.wait()

    def _done(self, count: int) -> None:
        with self._guard:
            self._unfinished -= count
        if self._unfinished <= 0:
            self._finished.set()
