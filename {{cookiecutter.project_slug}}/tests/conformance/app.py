"""Servers for the protocols' suites: the service's own, with handlers that echo and no tokens."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import socketio
from flask import Flask

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.backlog import Policies
from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.entry import Entry, Running
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.server import RealtimeServer
from {{cookiecutter.package_name}}.runtime.socketio_server import server_class

from .served import engine_app, server_settings

MESSAGE_BYTES = 65536
DRAIN_SECONDS = 2.0
PING_INTERVAL = int(os.environ.get("APP_PING_INTERVAL", "1"))
PING_TIMEOUT = int(os.environ.get("APP_PING_TIMEOUT", "1"))
CONNECT_TIMEOUT = float(os.environ.get("APP_CONNECT_TIMEOUT", 3 * PING_INTERVAL + 0.5))
"""The suite wants three pings on a connection that never says CONNECT, and then its end."""
APART = 0.05
"""Seconds between the two packets a client gets first. The suite's own client listens anew for each
message, and misses one that has come together with another."""


class Echo(socketio.AsyncNamespace):  # type: ignore[misc]
    """What the Socket.IO suite expects of a namespace."""

    policies: ClassVar[Policies] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        mode.spawn(self._greet, sid, auth or {})  # not before the client has been let in

    async def _greet(self, sid: str, auth: Any) -> None:
        await mode.sleep(APART)
        await self.emit("auth", auth, to=sid)

    async def on_message(self, sid: str, *args: Any) -> None:
        await self.emit("message-back", args, to=sid)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "message-with-ack":
            return args[1:]
        if event == "broadcast":
            return await self.emit("broadcast", args[1:])
        return await super().trigger_event(event, *args)


def realtime_server() -> RealtimeServer:
    server = server_class(server_settings(), "json")(
        client_manager=socketio.AsyncManager(),
        address_of=mode.client_address,
        allowed_origins=["*"],
        transports=["polling", "websocket"],
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_message_bytes=MESSAGE_BYTES,
        max_send_bytes=1 << 20,
        max_send_seconds=30,
        connect_timeout=CONNECT_TIMEOUT,
        max_connections=10_000,
        max_connections_per_ip=10_000,
    )
    # a subclass has no use but this: the suite wants the answer without what the service adds
    server.unknown_namespace = {"message": "Invalid namespace"}  # type: ignore[misc]
    for path in ("/", "/custom"):
        server.register_namespace(Echo(path))
    return server


@asynccontextmanager
async def running_socketio() -> AsyncIterator[Running]:
    drain = Drain(DRAIN_SECONDS)
    http = Flask(__name__, static_folder=None)
    http.config["MAX_CONTENT_LENGTH"] = MESSAGE_BYTES
    server = realtime_server()
    watching = mode.spawn(server.watch)
    async with open_gateway(server, http, drain, polling=True) as app:
        yield Running(app, drain)
    await mode.stop(watching)


@asynccontextmanager
async def running_engineio() -> AsyncIterator[Running]:
    app = engine_app(
        async_mode=mode.ASYNC_MODE,
        async_handlers=False,
        cors_allowed_origins="*",
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=1_000_000,
        logger=False,
    )
    yield Running(app, Drain(DRAIN_SECONDS))


def sio() -> Entry:
    """What the Socket.IO suite tests."""
    return Entry(running_socketio)


def eio() -> Entry:
    """What the Engine.IO suite tests."""
    return Entry(running_engineio)
