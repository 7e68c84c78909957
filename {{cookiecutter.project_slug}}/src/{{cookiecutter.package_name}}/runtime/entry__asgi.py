"""The outermost ASGI application: start, stop, and what every request has in common."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from . import requests
from .addresses import client_address, forwarded
from .asgi import ASGIApp, Message, Receive, Scope, Send, header

_log = logging.getLogger(__name__)


class Drain(Protocol):
    async def run(self) -> None:
        """Say good-bye to the clients, once, within the time set for it."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A started service.

    :param trusted_hops: proxies of ours that stand between a client and this process.
    """

    app: ASGIApp
    drain: Drain
    trusted_hops: int = 0


class Entry:
    """Opens the service when the server starts and closes it when the server stops.

    Every HTTP request and WebSocket gets a request id, in the log context and in
    ``scope["state"]["request_id"]``, and the client's own address and scheme in place of a trusted
    proxy's; every HTTP request gets one line in the log.

    :param running: opens whatever belongs to the server's event loop; called once.
    """

    def __init__(self, running: Callable[[], AbstractAsyncContextManager[Running]]) -> None:
        self._open = running
        self._running: Running | None = None

    async def drain(self) -> None:
        """To be called when the process is asked to end, while it still serves."""
        if self._running is not None:
            await self._running.drain.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._running is None:
            raise RuntimeError("not started: the server has to run the ASGI lifespan")
        _see_through_proxies(scope, self._running.trusted_hops)
        request_id = requests.begin(header(scope, b"x-request-id"), header(scope, b"traceparent"))
        scope.setdefault("state", {})["request_id"] = request_id
        try:
            if scope["type"] == "http":
                await self._http(self._running.app, scope, receive, send)
            else:
                await self._running.app(scope, receive, send)
        except asyncio.CancelledError:
            pass  # the server stops; passed on, it would be logged as a failure of the service

    async def _http(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        line = requests.AccessLine(scope["method"], _raw_path(scope), scope["client"][0])
        request_id = (b"x-request-id", scope["state"]["request_id"].encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                line.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), request_id]}
            await send(message)

        try:
            await app(scope, receive, send_with_id)
        except Exception:
            line.status = 500
            raise
        finally:
            line.write()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Report a failure as the protocol has it: a server takes a plain exception for an
        application that knows no lifespan, and serves on."""
        phase = "startup"
        await receive()
        try:
            async with self._open() as self._running:
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except asyncio.CancelledError:  # the server ends without a shutdown
            raise
        except BaseException as error:
            _log.debug("%s failed", phase, exc_info=True)
            message = f"{phase} failed: {requests.reason(error)}"
            await send({"type": f"lifespan.{phase}.failed", "message": message})
            if not isinstance(error, Exception):
                raise
        else:
            await send({"type": "lifespan.shutdown.complete"})


def _see_through_proxies(scope: Scope, trusted_hops: int) -> None:
    peer = scope.get("client") or (None, 0)
    passed_on = header(scope, b"x-forwarded-for") if trusted_hops else None
    scope["client"] = (client_address(peer[0], passed_on, trusted_hops), peer[1])
    if trusted_hops and (schemes := header(scope, b"x-forwarded-proto")):
        secure = forwarded(schemes, trusted_hops).lower() in ("https", "wss")
        plain = "http" if scope["type"] == "http" else "ws"
        scope["scheme"] = plain + "s" if secure else plain


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or b""
    return raw.partition(b"?")[0].decode("latin-1")
