"""The process that serves: gunicorn's worker with threads."""

from __future__ import annotations

import logging
import os

from gunicorn.workers.gthread import ThreadWorker

from .leaving import LeavingWorker

_log = logging.getLogger(__name__)


class Worker(LeavingWorker, ThreadWorker):  # type: ignore[misc]
    """Serves each connection in a thread."""

    def run(self) -> None:
        super().run()
        if self.nr_conns > 0:
            _log.warning("%d connections were cut off", self.nr_conns)
            logging.shutdown()
            os._exit(0)  # the interpreter would wait for their threads

    def is_parent_alive(self) -> bool:
        self.follow_gunicorn()
        return True
