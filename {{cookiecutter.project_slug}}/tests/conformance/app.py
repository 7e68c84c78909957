"""A server for the protocols' suites: the service's own, with handlers that echo and no tokens."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal

import socketio

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.asgi import (
    ASGIApp,
    Receive,
    Scope,
    Send,
    answer,
)
from {{cookiecutter.package_name}}.runtime.backlog import Policies
from {{cookiecutter.package_name}}.runtime.engine import server_class
from {{cookiecutter.package_name}}.runtime.engine.engineio_server import FastEngine
from {{cookiecutter.package_name}}.runtime.engine.polling import PollingEngine
from {{cookiecutter.package_name}}.runtime.mount import Mount
from {{cookiecutter.package_name}}.runtime.server import RealtimeServer
from {{cookiecutter.package_name}}.runtime.server_settings import Engine

Flavour = Literal["sio", "eio"]

ENGINE: Engine = "stock" if os.environ.get("APP_ENGINE") == "stock" else "fast"
PING_INTERVAL = int(os.environ.get("APP_PING_INTERVAL", "1"))
PING_TIMEOUT = int(os.environ.get("APP_PING_TIMEOUT", "1"))
CONNECT_TIMEOUT = float(os.environ.get("APP_CONNECT_TIMEOUT", 3 * PING_INTERVAL + 0.5))
"""The suite wants three pings on a connection that never says CONNECT, and then its end."""


class Echo(socketio.AsyncNamespace):  # type: ignore[misc]
    """What the Socket.IO suite expects of a namespace."""

    policies: ClassVar[Policies] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        # not before the client has been let in
        mode.spawn(self.emit, "auth", auth or {}, to=sid)

    async def on_message(self, sid: str, *args: Any) -> None:
        await self.emit("message-back", args, to=sid)

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "message-with-ack":
            return args[1:]
        if event == "broadcast":
            return await self.emit("broadcast", args[1:])
        return await super().trigger_event(event, *args)


def realtime_server() -> RealtimeServer:
    server = server_class(ENGINE)(
        client_manager=socketio.AsyncManager(),
        address_of=mode.client_address,
        allowed_origins=["*"],
        transports=["polling", "websocket"],
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_message_bytes=65536,
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


def engine_server() -> PollingEngine:
    kind = FastEngine if ENGINE == "fast" else PollingEngine
    server = kind(
        async_mode="asgi",
        cors_allowed_origins="*",
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=1_000_000,
        logger=False,
    )

    async def echo(sid: str, data: Any) -> None:
        await server.send(sid, data)

    server.on("message", echo)
    return server


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    for message in answer(404, "text/plain", b"nothing here"):
        await send(message)


@asynccontextmanager
async def running(flavour: Flavour) -> AsyncIterator[ASGIApp]:
    """The application of one of the suites."""
    if flavour == "eio":
        engine = engine_server()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await engine.handle_request(scope, receive, send)

        yield app
        return
    server = realtime_server()
    watching = asyncio.create_task(server.watch())
    try:
        yield Mount(server, not_found)
    finally:
        watching.cancel()
