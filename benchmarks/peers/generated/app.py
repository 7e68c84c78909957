"""Takes the place of the product in a generated project: its server, with handlers that echo.

What is left is what every service made from the template stands on: the server's command, its
engine, its limits, its way from the web server to the web framework.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import socketio

from .backends import open_backends
from .http.framework import make_app
from .runtime import mode
from .runtime.backlog import Policies
from .runtime.drain import Drain
from .runtime.entry import Entry, Running
from .runtime.gateway import open_gateway
from .runtime.logs import configure_logging
from .runtime.socketio_server import server_class
from .settings import PACKAGE, Settings, settings_or_exit

ROOM = "all"


class Plain(socketio.AsyncNamespace):  # type: ignore[misc]
    """What the peers' plain servers do."""

    policies: ClassVar[Policies] = {}

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "echo":
            return args[1]
        if event == "say":
            await self.emit("said", args[1], room=ROOM)
        elif event == "join":
            await self.enter_room(args[0], ROOM)
        return None


def create_app() -> Entry:
    settings = settings_or_exit()
    configure_logging(settings.log_level, settings.log_format)
    return Entry(partial(running, settings))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(
            open_backends(settings.backends, prefix=PACKAGE, history_size=settings.history_size)
        )
        drain = Drain(settings.drain_seconds)
        server = server_class(settings.server, "json")(
            client_manager=backends.client_manager,
            address_of=mode.client_address,
            allowed_origins=settings.allowed_origins,
            transports=settings.transports,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            max_message_bytes=settings.max_message_bytes,
            max_send_bytes=settings.max_send_bytes,
            max_send_seconds=settings.max_send_seconds,
            connect_timeout=settings.connect_timeout,
            max_connections=settings.server.max_connections,
            max_connections_per_ip=settings.max_connections_per_ip,
        )
        server.register_namespace(Plain("/"))
        app = await stack.enter_async_context(open_gateway(server, _http(), drain, polling=False))
        watching = mode.spawn(server.watch)
        stack.push_async_callback(mode.stop, watching)
        yield Running(app, drain, settings.trusted_proxies)


def _http() -> Any:
    http = make_app(PACKAGE)
    http.config["MAX_CONTENT_LENGTH"] = 1 << 20

    @http.get("/view")
    def view() -> str:
        return "hello, world"

    @http.get("/second")
    async def second() -> str:
        await mode.sleep(1)
        return "hello, world"

    return http
