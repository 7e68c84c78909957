"""Polling requests on asyncio: who gives up a poll has left."""

from __future__ import annotations

import asyncio
from typing import Any

from ..asgi import Receive, Scope, Send
from ..engineio_strict import StrictEngine, StrictSocket
from ..polling import forget_closed, is_taken
from ..server import RealtimeServer


class PollingSocket(StrictSocket):
    """A session that ends when its client breaks off a poll, as the protocol asks for."""

    _receive: Receive | None = None

    async def handle_get_request(self, environ: dict[str, Any], *more: Any) -> Any:
        self._receive = environ["asgi.receive"]
        try:
            return await super().handle_get_request(environ, *more)
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
        try:
            await asyncio.wait((packets, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, packets):
                task.cancel()
            await asyncio.gather(gone, packets, return_exceptions=True)
        return await packets


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _turn_away(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1000})


class PollingEngine(StrictEngine):
    """Engine.IO over polling, and over any WebSocket an ASGI server has."""

    socket_class = PollingSocket

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> Any:
        query = scope["query_string"].decode("latin-1")
        forget_closed(self.sockets, query)
        if scope["type"] == "websocket" and is_taken(self.sockets, query):
            return await _turn_away(receive, send)
        return await super().handle_request(scope, receive, send)


class StockServer(RealtimeServer):
    """The service on python-engineio and the web server's own WebSockets (``APP_ENGINE=stock``)."""

    def _engineio_server_class(self) -> type[PollingEngine]:
        return PollingEngine
