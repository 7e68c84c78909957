"""The engines of this mode, and a bare Engine.IO server as an application."""

import os
from functools import partial
from typing import Any

from {{cookiecutter.package_name}}.runtime import mode, websocket
from {{cookiecutter.package_name}}.runtime.direct.engineio_server import DirectEngine
from {{cookiecutter.package_name}}.runtime.frames import acceptable
from {{cookiecutter.package_name}}.runtime.origins import OriginPolicy
from {{cookiecutter.package_name}}.runtime.outgoing import Unsent
from {{cookiecutter.package_name}}.runtime.polling_server import PollingEngine
from {{cookiecutter.package_name}}.runtime.server_settings import ServerSettings
from {{cookiecutter.package_name}}.runtime.websocket import WebSocket
from {{cookiecutter.package_name}}.runtime.wheel import Wheel
from {{cookiecutter.package_name}}.runtime.wsgi import WSGIApp

ENGINES = ("fast", "stock")
"""What APP_ENGINE may be."""


def server_settings() -> ServerSettings:
    return ServerSettings(engine="stock" if os.environ.get("APP_ENGINE") == "stock" else "fast")


def engine_app(**options: Any) -> WSGIApp:
    """An Engine.IO server that sends back what it gets."""
    options["cors_allowed_origins"] = OriginPolicy([options["cors_allowed_origins"]])
    server = PollingEngine(**options)
    if server_settings().engine == "fast":
        server = DirectEngine(**options)
        server.shortcut = lambda session, message: False  # no message is one of Socket.IO's
        server.unsent = partial(Unsent, 1 << 20, {})
    wheel = Wheel()
    mode.spawn(wheel.run)
    server._async = {**server._async, "websocket": partial(WebSocket, wheel)}

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
