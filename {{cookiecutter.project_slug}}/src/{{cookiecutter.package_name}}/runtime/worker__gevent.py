"""The process that serves: gunicorn's gevent worker."""

from __future__ import annotations

from typing import Any

from gevent import GreenletExit
from gunicorn.workers.ggevent import GeventWorker

from .leaving import LeavingWorker


class Worker(LeavingWorker, GeventWorker):  # type: ignore[misc]
    """Serves each connection in a greenlet."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, GreenletExit):  # which ends, with the worker, who asks for nothing
            super().handle_error(req, client, addr, exc)

    def notify(self) -> None:
        self.tmp.notify()
        self.follow_gunicorn()
