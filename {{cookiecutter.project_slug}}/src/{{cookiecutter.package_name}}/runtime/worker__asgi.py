"""The process that serves: uvicorn under gunicorn, leaving in order when it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn import Config, Server
from uvicorn_worker import UvicornWorker

SAME_SIGNAL = 1.0
"""Ctrl-C reaches a worker twice, from the terminal and from gunicorn, this many seconds apart."""

_log = logging.getLogger(__name__)


class DrainingServer(Server):
    """Serves until a signal comes, then drains, then closes. A second signal closes at once."""

    def __init__(self, config: Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._loop = asyncio.get_running_loop()
        self._told: float | None = None
        self._draining: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._told is None:
            self._told = now
            self._loop.call_soon_threadsafe(self._leave, signal.Signals(sig).name)
        elif now - self._told > SAME_SIGNAL:
            self.should_exit = self.force_exit = True

    def _leave(self, name: str) -> None:
        _log.info("%s: draining", name)
        self._draining = self._loop.create_task(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


class Worker(UvicornWorker):  # type: ignore[misc]
    """A gunicorn worker whose application has a coroutine function ``drain``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # it was given gunicorn's handlers; ours are at the root
        logging.getLogger("uvicorn.error").propagate = True

    @classmethod
    def with_options(cls, **options: Any) -> type[Worker]:
        """A worker class with these options for :class:`uvicorn.Config`."""
        return type(cls.__name__, (cls,), {"CONFIG_KWARGS": options})

    def run(self) -> None:
        try:
            super().run()
        finally:
            # spares the interpreter's last collections, which may take longer than the drain
            gc.freeze()

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        self._server = DrainingServer(self.config, self.wsgi.drain)
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGQUIT, self._server.handle_exit, signal.SIGQUIT, None
        )
        await self._server.serve(sockets=self.sockets)
        if not self._server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Called every few seconds. A worker whose gunicorn was killed would serve on for ever."""
        self.notify()
        if os.getppid() != self.ppid:
            _log.warning("gunicorn is gone")
            self._server.handle_exit(signal.SIGTERM, None)
