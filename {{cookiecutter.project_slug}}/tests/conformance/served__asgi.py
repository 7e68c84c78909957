"""The engines of this mode, and a bare Engine.IO server as an application."""

import os
from typing import Any

from engineio.async_drivers.asgi import WebSocket

from {{cookiecutter.package_name}}.runtime.asgi import ASGIApp, Receive, Scope, Send
from {{cookiecutter.package_name}}.runtime.engine.engineio_server import FastEngine
from {{cookiecutter.package_name}}.runtime.engine.polling import PollingEngine
from {{cookiecutter.package_name}}.runtime.frames import acceptable
from {{cookiecutter.package_name}}.runtime.server_settings import ServerSettings

ENGINES = ("fast", "stock")
"""What APP_ENGINE may be."""


class AnyMessage(WebSocket):  # type: ignore[misc]
    """Takes what the service takes, and messages that are none of Socket.IO's."""

    async def wait(self) -> str | bytes | None:
        frame: str | bytes = await super().wait()
        is_message = isinstance(frame, str) and frame.startswith("4")
        return frame if is_message else acceptable(frame)


def server_settings() -> ServerSettings:
    return ServerSettings(engine="stock" if os.environ.get("APP_ENGINE") == "stock" else "fast")


def engine_app(**options: Any) -> ASGIApp:
    """An Engine.IO server that sends back what it gets."""
    kind = FastEngine if server_settings().engine == "fast" else PollingEngine
    server = kind(**options)
    server._async = {**server._async, "websocket": AnyMessage}

    async def echo(sid: str, data: Any) -> None:
        await server.send(sid, data)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await server.handle_request(scope, receive, send)

    server.on("message", echo)
    return app
