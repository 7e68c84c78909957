"""The queue of packets for one client, as Engine.IO uses it."""

from __future__ import annotations

import asyncio
from typing import Any

from .backlog import Backlog, Policies


class SendQueue:
    """Takes the place of :class:`asyncio.Queue`, which has no bound that would hurt nobody else."""

    def __init__(self, limit: int, policies: Policies) -> None:
        self.backlog = Backlog(limit, policies)
        self._unfinished = 0
        self._filled = asyncio.Event()
        self._finished = asyncio.Event()

    async def put(self, item: Any) -> None:
        self.put_nowait(item)

    def put_nowait(self, item: Any) -> None:
        self._unfinished += 1
        dropped = self.backlog.add(item)
        self._filled.set()
        if dropped:
            self._done(dropped)

    async def get(self) -> Any:
        while not self.backlog:
            self._filled.clear()
            await self._filled.wait()
        return self.backlog.take()

    def get_nowait(self) -> Any:
        try:
            return self.backlog.take()
        except IndexError:
            raise asyncio.QueueEmpty from None

    def task_done(self) -> None:
        self._done(1)

    async def join(self) -> None:
        while self._unfinished > 0:
            self._finished.clear()
            await self._finished.wait()

    def _done(self, count: int) -> None:
        self._unfinished -= count
        if self._unfinished <= 0:
            self._finished.set()
