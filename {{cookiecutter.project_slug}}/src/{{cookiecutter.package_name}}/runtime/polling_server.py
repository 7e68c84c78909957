"""The server on python-engineio alone: polling, and WebSockets with ``APP_ENGINE=stock``."""

from __future__ import annotations

from typing import Any

from engineio import Server
from engineio.exceptions import EngineIOError
from engineio.socket import Socket

from .frames import MALFORMED
from .polling import forget_closed
from .server import RealtimeServer
from .wsgi import Environ, StartResponse


class PollingSocket(Socket):  # type: ignore[misc]
    """A session whose client is to blame for what it sends."""

    def handle_post_request(self, environ: Environ) -> None:
        try:
            super().handle_post_request(environ)
        except (EngineIOError, *MALFORMED) as error:
            # Engine.IO would log an error of the service, or wait for the client to fetch the rest
            self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
            raise EngineIOError(type(error).__name__) from None


class PollingEngine(Server):  # type: ignore[misc]
    """An Engine.IO server whose own sessions are :class:`PollingSocket`."""

    def handle_request(self, environ: Environ, start_response: StartResponse) -> Any:
        forget_closed(self.sockets, environ.get("QUERY_STRING", ""))
        return super().handle_request(environ, start_response)

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "connect" and type(self.sockets[args[0]]) is Socket:
            # engineio leaves no choice of the class where it makes a socket
            self.sockets[args[0]].__class__ = PollingSocket
        return super()._trigger_event(event, *args, **kwargs)


class PollingServer(RealtimeServer):
    """The service on python-engineio."""

    def _engineio_server_class(self) -> type[PollingEngine]:
        return PollingEngine
