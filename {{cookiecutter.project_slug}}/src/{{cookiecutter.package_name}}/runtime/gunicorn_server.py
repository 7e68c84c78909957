"""gunicorn, run in this process: it starts the workers, replaces those that die, and ends them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.util import import_app

from .logs import dict_config
from .metrics import MULTIPROC_DIR, forget
from .serve import ServeOptions, spare_collector

KEEP_ALIVE = 65
"""Seconds an idle HTTP connection stays open: longer than proxies keep theirs, so that none of
them sends a request into a closing connection."""
STUCK_AFTER = 30
"""Seconds after which a worker that gives no sign of life is replaced."""


class _Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, app: str, settings: dict[str, Any]) -> None:
        self._app = app
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return import_app(f"{self._app}()")


def run_gunicorn(options: ServeOptions, worker_class: type[Any], **settings: Any) -> None:
    """Serve until a signal comes. Ends with :exc:`SystemExit`.

    :param settings: of gunicorn, for workers of this class.
    """
    sys.argv = sys.orig_argv[1:]  # what gunicorn runs again to replace itself, on SIGUSR2
    with _metrics_directory(options):
        spare_collector()
        _Application(
            options.app,
            {
                "bind": options.authority,
                "workers": options.server.web_concurrency,
                "worker_class": worker_class,
                "worker_tmp_dir": _shared_memory(),
                "proc_name": options.name,
                "timeout": STUCK_AFTER,
                "graceful_timeout": max(1, int(options.drain_seconds)),
                "keepalive": KEEP_ALIVE,
                "limit_request_line": 8190,
                "control_socket_disable": True,
                "logconfig_dict": dict_config(options.log_level, options.log_format),
                "child_exit": lambda _, worker: forget(worker.pid),
                **settings,
            },
        ).run()


@contextmanager
def _metrics_directory(options: ServeOptions) -> Iterator[None]:
    """Where several workers share their metrics, in memory if possible; removed at the end."""
    if options.server.web_concurrency > 1 and MULTIPROC_DIR not in os.environ:
        os.environ[MULTIPROC_DIR] = tempfile.mkdtemp(prefix=_prefix(options), dir=_shared_memory())
        # prometheus_client looks for it when it is imported, which has happened: start over
        sys.stdout.flush()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    try:
        yield
    finally:
        directory = Path(os.environ.get(MULTIPROC_DIR, ""))
        # a worker, which comes by here too, has another pid: its successors need the directory
        if directory.name.startswith(_prefix(options)):
            shutil.rmtree(directory, ignore_errors=True)


def _prefix(options: ServeOptions) -> str:
    return f"{options.name}-metrics-{os.getpid()}-"


def _shared_memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
