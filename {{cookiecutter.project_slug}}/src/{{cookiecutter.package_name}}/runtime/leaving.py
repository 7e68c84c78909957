"""A gunicorn worker that leaves in order when it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from . import mode
from .drain import closing_seconds

SAME_SIGNAL = 1.0
"""Ctrl-C reaches a worker twice, from the terminal and from gunicorn, this many seconds apart."""

_log = logging.getLogger(__name__)


class LeavingWorker(Worker):  # type: ignore[misc]
    """Opens, drains and closes its application. A second signal closes at once."""

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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.told is None:
            self.told = now
            mode.spawn(self._leave, signal.Signals(sig).name)
        elif now - self.told > SAME_SIGNAL:
            self.alive = False

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        self.handle_exit(sig, frame)

    def follow_gunicorn(self) -> None:
        """To be called every second. A worker whose gunicorn was killed would serve on for ever."""
        if self.told is None and self.ppid != os.getppid():
            _log.warning("gunicorn is gone")
            self.handle_exit(signal.SIGTERM, None)

    def _leave(self, name: str) -> None:
        _log.info("%s: draining", name)
        try:
            self.wsgi.drain()
        finally:
            # the drain has had its part of the time
            left = closing_seconds(self.cfg.graceful_timeout) / 2
            self.cfg.set("graceful_timeout", max(1, int(left)))
            self.alive = False
