"""The two ways to serve: with gunicorn and uvicorn in production, with a reloading uvicorn else."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from .drain import closing_seconds
from .logs import dict_config
from .metrics import MULTIPROC_DIR, forget

KEEP_ALIVE = 65
"""Seconds an idle HTTP connection stays open: longer than proxies keep theirs, so that none of
them sends a request into a closing connection."""
STUCK_AFTER = 30
"""Seconds after which a worker whose event loop stands still is replaced."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve and where.

    :param app: the factory, as ``package.module:function``.
    :param frame_limit: bytes of a WebSocket message above which its connection is closed.
    :param websocket: what speaks the WebSocket protocol: uvicorn's option ``ws``.
    :param drain_seconds: from SIGTERM until the process is gone.
    """

    app: str
    name: str
    host: str
    port: int
    workers: int
    frame_limit: int
    websocket: str
    drain_seconds: float
    log_level: str
    log_format: str

    @property
    def authority(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{_bracketed(local)}:{self.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def claim_port(host: str, port: int) -> int:
    """The port to serve on: `port`, or a free one if that is 0.

    :raises OSError: if the address is in use, not of this machine, or not allowed.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # elsewhere it would allow an address in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        claimed: int = probe.getsockname()[1]
    return claimed


def serve_production(options: ServeOptions) -> None:
    """Run gunicorn in this process. Ends with :exc:`SystemExit`."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.util import import_app

    class Production(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in _gunicorn(options).items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return import_app(f"{options.app}()")

    sys.argv = sys.orig_argv[1:]  # what gunicorn runs again to replace itself, on SIGUSR2
    with _metrics_directory(options):
        # what is loaded by now stays until the end: the collector need not look at it again
        gc.freeze()
        Production().run()


def _gunicorn(options: ServeOptions) -> dict[str, Any]:
    from .worker import Worker

    worker = Worker.with_options(
        **_uvicorn(options),
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=closing_seconds(options.drain_seconds) / 2,
    )
    return {
        "bind": options.authority,
        "workers": options.workers,
        "worker_class": worker,
        "worker_tmp_dir": _shared_memory(),
        "proc_name": options.name,
        "timeout": STUCK_AFTER,
        "graceful_timeout": max(1, int(options.drain_seconds)),
        "keepalive": KEEP_ALIVE,
        "control_socket_disable": True,
        "logconfig_dict": dict_config(options.log_level, options.log_format),
        "child_exit": lambda _, worker: forget(worker.pid),
    }


def serve_development(options: ServeOptions, directory: Path) -> None:
    """Run uvicorn, and start it again whenever a file in `directory` changes."""
    uvicorn.run(
        options.app,
        factory=True,
        host=options.host,
        port=options.port,
        reload=True,
        reload_dirs=[str(directory)],
        workers=1,
        timeout_graceful_shutdown=1,
        **_uvicorn(options),
    )


def _uvicorn(options: ServeOptions) -> dict[str, Any]:
    return {
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        # the application knows how many proxies to trust
        "proxy_headers": False,
        "server_header": False,
        "ws": options.websocket,
        "ws_max_size": options.frame_limit,
        "ws_per_message_deflate": False,
        # Engine.IO has its own ping
        "ws_ping_interval": None,
        "ws_ping_timeout": None,
    }


@contextmanager
def _metrics_directory(options: ServeOptions) -> Iterator[None]:
    """Where several workers share their metrics, in memory if possible; removed at the end."""
    mine = f"{options.name}-metrics-{os.getpid()}-"
    if options.workers > 1 and MULTIPROC_DIR not in os.environ:
        os.environ[MULTIPROC_DIR] = tempfile.mkdtemp(prefix=mine, dir=_shared_memory())
        # prometheus_client looks for it when it is imported, which has happened: start over
        sys.stdout.flush()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    try:
        yield
    finally:
        directory = Path(os.environ.get(MULTIPROC_DIR, ""))
        if directory.name.startswith(mine):  # a worker, which comes by here too, has another pid
            shutil.rmtree(directory, ignore_errors=True)


def _shared_memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
