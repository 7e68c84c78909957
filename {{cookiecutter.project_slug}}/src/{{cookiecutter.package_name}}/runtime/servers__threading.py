"""The two ways to serve: with gunicorn's threads, in development restarted on changes."""

from __future__ import annotations

from pathlib import Path

from .serve import ServeOptions

SPARE_THREADS = 32
"""For HTTP requests. Each open WebSocket and event stream has a thread of its own."""


def serve_production(options: ServeOptions) -> None:
    """Run gunicorn in this process. Ends with :exc:`SystemExit`."""
    from .gunicorn_server import run_gunicorn
    from .worker import Worker

    open_long = options.server.max_connections + options.server.max_event_streams
    threads = open_long + SPARE_THREADS
    run_gunicorn(options, Worker, threads=threads, worker_connections=threads + SPARE_THREADS)


def serve_development(options: ServeOptions, directory: Path) -> None:
    """Serve as in production, and start again whenever a file in `directory` changes."""
    from .reload import serve_again_on_changes  # with watchfiles, which production has not

    serve_again_on_changes(options.name, directory)
