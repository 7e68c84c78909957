"""The outermost WSGI application: start, stop, and what every request has in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from werkzeug.wsgi import ClosingIterator

from . import requests
from .addresses import client_address, forwarded
from .wsgi import Environ, StartResponse, WSGIApp, is_websocket

_log = logging.getLogger(__name__)


class Drain(Protocol):
    def run(self) -> None:
        """Say good-bye to the clients, once, within the time set for it."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A started service.

    :param trusted_hops: proxies of ours that stand between a client and this process.
    """

    app: WSGIApp
    drain: Drain
    trusted_hops: int = 0


class Entry:
    """Opens the service when the server starts and closes it when the server stops.

    Every HTTP request gets a request id, in the log context and in ``environ["request_id"]``, the
    client's own address and scheme in place of a trusted proxy's, and one line in the log.

    :param running: opens whatever belongs to the worker's process; called once.
    """

    def __init__(self, running: Callable[[], AbstractContextManager[Running]]) -> None:
        self._opened = running()
        self._running: Running | None = None

    def open(self) -> None:
        """To be called in the worker's process before it takes requests.

        :raises RuntimeError: says in one line what failed.
        """
        try:
            self._running = self._opened.__enter__()
        except Exception as error:
            _log.debug("startup failed", exc_info=True)
            raise RuntimeError(f"startup failed: {requests.reason(error)}") from None

    def drain(self) -> None:
        """To be called when the process is asked to end, while it still serves."""
        if self._running is not None:
            self._running.drain.run()

    def close(self) -> None:
        """To be called when no request is under way any more. What fails is logged in one line."""
        if self._running is not None:
            self._running = None
            try:
                self._opened.__exit__(None, None, None)
            except Exception as error:
                _log.error("shutdown failed: %s", requests.reason(error))
                _log.debug("shutdown failed", exc_info=True)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        running = self._running
        if running is None:
            raise RuntimeError("not started: the server has to call open() first")
        _see_through_proxies(environ, running.trusted_hops)
        request_id = requests.begin(
            environ.get("HTTP_X_REQUEST_ID"), environ.get("HTTP_TRACEPARENT")
        )
        environ["request_id"] = request_id
        if is_websocket(environ):
            return running.app(environ, start_response)
        line = requests.AccessLine(
            environ["REQUEST_METHOD"], _raw_path(environ), environ["REMOTE_ADDR"]
        )

        def start_with_id(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            line.status = int(status[:3])
            headers = [*headers, (requests.REQUEST_ID_HEADER, request_id)]
            return start_response(status, headers, *error)

        try:
            body = running.app(environ, start_with_id)
        except Exception:
            line.status = 500
            line.write()
            raise
        return ClosingIterator(body, line.write)


def _see_through_proxies(environ: Environ, trusted_hops: int) -> None:
    passed_on = environ.get("HTTP_X_FORWARDED_FOR") if trusted_hops else None
    peer = environ.get("REMOTE_ADDR")
    environ["REMOTE_ADDR"] = client_address(peer, passed_on, trusted_hops)
    if trusted_hops and (schemes := environ.get("HTTP_X_FORWARDED_PROTO")):
        secure = forwarded(schemes, trusted_hops).lower() in ("https", "wss")
        environ["wsgi.url_scheme"] = "https" if secure else "http"


def _raw_path(environ: Environ) -> str:
    raw: str = environ.get("RAW_URI") or environ.get("RAW_PATH_INFO") or ""
    return raw.partition("?")[0]
