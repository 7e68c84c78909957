"""The engines of this mode, and a bare Engine.IO server as an application."""

from typing import Any

from {{cookiecutter.package_name}}.runtime import websocket
from {{cookiecutter.package_name}}.runtime.frames import acceptable
from {{cookiecutter.package_name}}.runtime.server_settings import ServerSettings
from {{cookiecutter.package_name}}.runtime.socketio_server import PollingEngine
from {{cookiecutter.package_name}}.runtime.websocket import WebSocket
from {{cookiecutter.package_name}}.runtime.wsgi import WSGIApp

ENGINES = ("the one",)
"""There is no choice."""


def server_settings() -> ServerSettings:
    return ServerSettings()


def engine_app(**options: Any) -> WSGIApp:
    """An Engine.IO server that sends back what it gets."""
    server = PollingEngine(**options)
    server._async = {**server._async, "websocket": WebSocket}

    def echo(sid: str, data: Any) -> None:
        server.send(sid, data)

    server.on("message", echo)
    # the service's own clients speak Socket.IO, and nothing else is let in
    websocket.acceptable = any_message  # type: ignore[attr-defined]
    app: WSGIApp = server.handle_request
    return app


def any_message(frame: str | bytes | None) -> str | bytes | None:
    """What the service takes, and messages that are none of Socket.IO's."""
    is_message = isinstance(frame, str) and frame.startswith("4")
    return frame if is_message else acceptable(frame)
