"""The two ways to serve: with eventlet's own server, in development restarted on changes."""

from __future__ import annotations

import logging
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import eventlet
from eventlet import patcher, wsgi
from eventlet.greenthread import GreenThread
from eventlet.support.greenlets import GreenletExit
from werkzeug.utils import import_string

from .drain import closing_seconds
from .serve import ServeOptions, spare_collector

KEEP_ALIVE = 65
"""Seconds an idle HTTP connection stays open: longer than proxies keep theirs, so that none of
them sends a request into a closing connection."""
SPARE_CONNECTIONS = 200
"""For HTTP requests, beside the Socket.IO connections."""
SAME_SIGNAL = 1.0
"""Ctrl-C may reach a process twice, from the terminal and from make, this many seconds apart."""

_log = logging.getLogger(__name__)


def serve_production(options: ServeOptions) -> None:
    """Serve in this process until a signal comes. Ends with :exc:`SystemExit`.

    :raises RuntimeError: if the standard library is not patched: one call that waits would stop
        every client.
    """
    if not patcher.is_monkey_patched("socket"):
        raise RuntimeError(
            "eventlet has not patched the standard library: start the service with"
            " `python -m`, or import its runtime.patch before anything else"
        )
    spare_collector()
    Process(options).run()


def serve_development(options: ServeOptions, directory: Path) -> None:
    """Serve as in production, and start again whenever a file in `directory` changes."""
    from .reload import serve_again_on_changes  # with watchfiles, which production has not

    serve_again_on_changes(options.name, directory)


class Process:
    """Serves until a signal comes, then drains, then closes. A second signal closes at once."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._entry = import_string(options.app)()
        self._told: float | None = None
        self._server: GreenThread | None = None

    def run(self) -> None:
        try:
            self._entry.open()
        except RuntimeError as error:
            _log.error("%s", error)
            sys.exit(3)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._handle_signal)
        listener = eventlet.listen((self._options.host, self._options.port), backlog=2048)
        self._server = eventlet.spawn(self._serve, listener)
        _log.info("listening at %s", self._options.url)
        try:
            with suppress(SystemExit, GreenletExit):  # as _close ends it
                self._server.wait()
        finally:
            self._entry.close()
        sys.exit(0)

    def _serve(self, listener: object) -> None:
        server = self._options.server
        open_long = server.max_connections + server.max_event_streams
        wsgi.server(
            listener,
            self._entry,
            log=logging.getLogger("eventlet.wsgi"),
            log_output=False,
            max_size=open_long + SPARE_CONNECTIONS,
            keepalive=KEEP_ALIVE,
            socket_timeout=KEEP_ALIVE,
            # its input ends with the body: so werkzeug reads one that does not say how long it is
            environ={"wsgi.input_terminated": True},
            minimum_chunk_size=1,  # or it would collect 4 KB of an event stream before sending
            debug=False,
            capitalize_response_headers=False,
        )

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._told is None:
            self._told = now
            eventlet.spawn(self._leave, signal.Signals(number).name)
        elif now - self._told > SAME_SIGNAL:
            eventlet.spawn(self._close, 0.0)

    def _leave(self, name: str) -> None:
        _log.info("%s: draining", name)
        try:
            self._entry.drain()
        finally:
            self._close(closing_seconds(self._options.drain_seconds) / 2)

    def _close(self, seconds: float) -> None:
        """Take no more connections, and give those under way a little time."""
        if self._server is not None:
            eventlet.spawn_after(seconds, self._server.kill)
            self._server.kill(SystemExit)
