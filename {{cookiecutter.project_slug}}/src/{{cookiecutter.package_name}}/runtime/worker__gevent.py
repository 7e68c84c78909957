"""The process that serves: gunicorn's gevent worker."""

from __future__ import annotations

from gunicorn.workers.ggevent import GeventWorker

from .leaving import LeavingWorker


class Worker(LeavingWorker, GeventWorker):  # type: ignore[misc]
    """Serves each connection in a greenlet."""

    def notify(self) -> None:
        self.tmp.notify()
        self.follow_gunicorn()
