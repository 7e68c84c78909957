"""The two ways to serve: with gunicorn's gevent worker, in development restarted on changes."""

from __future__ import annotations

from pathlib import Path

from gevent import monkey

from .serve import ServeOptions

SPARE_CONNECTIONS = 200
"""For HTTP requests, beside the Socket.IO connections and event streams."""


def serve_production(options: ServeOptions) -> None:
    """Run gunicorn in this process. Ends with :exc:`SystemExit`.

    :raises RuntimeError: if the standard library is not patched: one call that waits would stop
        every client of the worker.
    """
    from .gunicorn_server import run_gunicorn
    from .worker import Worker

    if not monkey.is_module_patched("socket"):
        raise RuntimeError(
            "gevent has not patched the standard library: start the service with"
            " `python -m`, or import its runtime.patch before anything else"
        )
    open_long = options.server.max_connections + options.server.max_event_streams
    run_gunicorn(options, Worker, worker_connections=open_long + SPARE_CONNECTIONS)


def serve_development(options: ServeOptions, directory: Path) -> None:
    """Serve as in production, and start again whenever a file in `directory` changes."""
    from .reload import serve_again_on_changes  # with watchfiles, which production has not

    serve_again_on_changes(options.name, directory)
