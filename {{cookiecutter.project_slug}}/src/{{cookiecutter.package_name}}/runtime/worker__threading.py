"""The process that serves: a worker with threads, leaving in order when it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from .drain import closing_seconds

SAME_SIGNAL = 1.0
"""Ctrl-C reaches a worker twice, from the terminal and from gunicorn, this many seconds apart."""

_log = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]
    """A gunicorn worker whose application is opened, drained and closed."""

    told: float | None = None

    def run(self) -> None:
        try:
            self.wsgi.open()
        except RuntimeError as error:
            _log.error("%s", error)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        try:
            super().run()
        finally:
            self.wsgi.close()
        if self.nr_conns > 0:
            _log.warning("%d connections were cut off", self.nr_conns)
            logging.shutdown()
            os._exit(0)  # the interpreter would wait for their threads

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.told is None:
            self.told = now
            threading.Thread(target=self._leave, args=(signal.Signals(sig).name,)).start()
        elif now - self.told > SAME_SIGNAL:
            self.alive = False

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        self.handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        """Called every second. A worker whose gunicorn was killed would serve on for ever."""
        if self.told is None and self.ppid != os.getppid():
            _log.warning("gunicorn is gone")
            self.handle_exit(signal.SIGTERM, None)
        return True

    def _leave(self, name: str) -> None:
        _log.info("%s: draining", name)
        try:
            self.wsgi.drain()
        finally:
            left = closing_seconds(self.cfg.graceful_timeout) / 2
            self.cfg.set("graceful_timeout", max(1, int(left)))
            self.alive = False
