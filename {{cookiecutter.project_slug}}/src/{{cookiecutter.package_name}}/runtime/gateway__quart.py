"""One ASGI application from the Socket.IO server and Quart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from quart import Quart

from .asgi import ASGIApp
from .drain import Drain
from .mount import Mount
from .server import RealtimeServer
from .transport_guard import WebSocketOnly


@asynccontextmanager
async def open_gateway(
    server: RealtimeServer, http: Quart, drain: Drain, *, polling: bool
) -> AsyncIterator[ASGIApp]:
    """Everything a client of this worker can reach.

    :param http: request bodies larger than its ``MAX_CONTENT_LENGTH`` are refused with 413.
    :param drain: Quart ends what still streams by itself, when it shuts down.
    :param polling: whether Socket.IO clients may poll; those who may not are told what to do.
    """
    mount = Mount(server, cast(ASGIApp, http))
    await http.startup()
    try:
        yield mount if polling else WebSocketOnly(mount)
    finally:
        await http.shutdown()
