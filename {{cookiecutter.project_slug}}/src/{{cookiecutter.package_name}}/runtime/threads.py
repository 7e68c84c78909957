"""A bounded pool of threads that an event loop hands work to."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], contextvars.Context, Callable[[], Any]]

_log = logging.getLogger(__name__)


class PoolFull(Exception):
    """Every thread is busy and as many calls wait as may; or the pool has been closed."""


class ThreadPool:
    """At most `threads` calls run and at most `waiting` more wait for a thread.

    Unlike those of :mod:`concurrent.futures`, a thread that never comes back does not keep the
    process from ending. All methods belong to the loop's thread.
    """

    def __init__(self, threads: int, waiting: int, name: str) -> None:
        self._limit = threads
        self._capacity = threads + waiting
        self._name = name
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._started = 0
        self._in_flight = 0
        self._empty: asyncio.Event | None = None

    @property
    def full(self) -> bool:
        return self._in_flight >= self._capacity or self._empty is not None

    @property
    def busy(self) -> bool:
        """The next call has to wait for a thread."""
        return self._in_flight >= self._limit

    def submit(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Call `function` in a thread, with the caller's contextvars.

        Whoever loses interest may cancel the future or set its result; the call goes on.

        :raises PoolFull: at once, nothing was called.
        """
        if self.full:
            raise PoolFull
        self._in_flight += 1
        if self._in_flight > self._started < self._limit:
            self._started += 1
            name = f"{self._name}-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put((loop, future, contextvars.copy_context(), function))
        return future

    async def close(self, seconds: float) -> None:
        """Take no more work, wait up to `seconds` for the calls in flight, let the threads go."""
        self._empty = asyncio.Event()
        if self._in_flight:
            try:
                async with asyncio.timeout(seconds):
                    await self._empty.wait()
            except TimeoutError:
                pass
        for _ in range(self._started):
            self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            loop, future, context, function = job
            result: Any = None
            error: BaseException | None = None
            try:
                result = context.run(function)
            except BaseException as raised:
                error = raised
            try:
                loop.call_soon_threadsafe(self._settle, future, result, error)
            except RuntimeError:  # the loop has ended; nobody waits
                return
            del job, future, context, function, result, error  # an idle thread keeps nothing alive

    def _settle(
        self, future: asyncio.Future[Any], result: Any, error: BaseException | None
    ) -> None:
        self._in_flight -= 1
        if self._empty is not None and not self._in_flight:
            self._empty.set()
        if future.done():
            if isinstance(error, Exception):
                _log.error("a call failed after its caller had left", exc_info=error)
        elif error is None:
            future.set_result(result)
        elif isinstance(error, Exception) and not isinstance(error, StopIteration):
            future.set_exception(error)
        else:  # as an ordinary failure: it must not cancel or end what awaits it
            failure = RuntimeError(f"the call ended with {type(error).__name__}")
            failure.__cause__ = error
            future.set_exception(failure)
