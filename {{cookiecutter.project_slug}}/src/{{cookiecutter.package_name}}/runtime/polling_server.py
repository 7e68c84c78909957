"""The server on python-engineio alone: polling, and WebSockets with ``APP_ENGINE=stock``."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .engineio_strict import StrictEngine
from .polling import forget_closed, is_taken
from .server import RealtimeServer
from .websocket import WebSocket
from .wsgi import Environ, StartResponse, is_websocket


class PollingEngine(StrictEngine):
    """Engine.IO over polling and over the WebSockets of this mode."""

    def handle_request(self, environ: Environ, start_response: StartResponse) -> Any:
        query = environ.get("QUERY_STRING", "")
        forget_closed(self.sockets, query)
        if is_websocket(environ) and is_taken(self.sockets, query):
            return self._async["websocket"](_turn_away, self)(environ, start_response)
        return super().handle_request(environ, start_response)


def _turn_away(ws: WebSocket) -> None:
    ws.close()
    with suppress(OSError):
        while ws.wait() is not None:
            pass


class PollingServer(RealtimeServer):
    """The service on python-engineio."""

    def _engineio_server_class(self) -> type[PollingEngine]:
        return PollingEngine
