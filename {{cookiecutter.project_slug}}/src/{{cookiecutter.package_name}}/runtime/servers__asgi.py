"""The two ways to serve: with gunicorn and uvicorn in production, with a reloading uvicorn else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import uvicorn

from .drain import closing_seconds
from .engine import http_class
from .serve import ServeOptions


def serve_production(options: ServeOptions) -> None:
    """Run gunicorn in this process. Ends with :exc:`SystemExit`."""
    from .gunicorn_server import run_gunicorn
    from .worker import Worker

    worker = Worker.with_options(
        **_uvicorn(options),
        loop="uvloop",
        timeout_graceful_shutdown=closing_seconds(options.drain_seconds) / 2,
    )
    run_gunicorn(options, worker)


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
        "http": http_class(options.server.engine),
        "ws_max_size": options.frame_limit,
        "ws_per_message_deflate": False,
        # Engine.IO has its own ping
        "ws_ping_interval": None,
        "ws_ping_timeout": None,
    }
