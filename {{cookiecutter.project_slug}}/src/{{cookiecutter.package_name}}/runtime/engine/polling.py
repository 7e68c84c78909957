"""Polling requests on asyncio: who gives up a poll has left."""

from __future__ import annotations

import asyncio
from typing import Any

from ..asgi import Receive
from ..engineio_strict import StrictEngine, StrictSocket
from ..server import RealtimeServer


class PollingSocket(StrictSocket):
    """A session that ends when its client breaks off a poll, as the protocol asks for."""

    _receive: Receive | None = None

    async def handle_get_request(self, environ: dict[str, Any]) -> Any:
        self._receive = environ["asgi.receive"]
        try:
            return await super().handle_get_request(environ)
        finally:
            self._receive = None

    async def poll(self) -> Any:
        """Wait for packets to send.

        :raises QueueEmpty: if there were none for too long, or the client went away.
        """
        if self.upgraded or self._receive is None:
            return await super().poll()
        packets = asyncio.ensure_future(super().poll())
        gone = asyncio.ensure_future(_until_gone(self._receive))
        await asyncio.wait((packets, gone), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not packets.done():
            packets.cancel()
        return await packets


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class PollingEngine(StrictEngine):
    """Engine.IO over polling, and over any WebSocket an ASGI server has."""

    socket_class = PollingSocket


class StockServer(RealtimeServer):
    """The service on python-engineio and the web server's own WebSockets (``APP_ENGINE=stock``)."""

    def _engineio_server_class(self) -> type[PollingEngine]:
        return PollingEngine
