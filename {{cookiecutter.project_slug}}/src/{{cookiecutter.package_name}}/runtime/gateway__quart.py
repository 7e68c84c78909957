"""One ASGI application from the Socket.IO server and Quart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quart import Quart

from .asgi import ASGIApp
from .drain import Drain
from .mount import Mount
from .quart_requests import Requests
from .server import RealtimeServer
from .transport_guard import WebSocketOnly


@asynccontextmanager
async def open_gateway(
    server: RealtimeServer, http: Quart, drain: Drain, *, polling: bool
) -> AsyncIterator[ASGIApp]:
    """Everything a client of this worker can reach.

    :param http: request bodies larger than its ``MAX_CONTENT_LENGTH`` are refused with 413; those
        of the types in its ``STREAMED_TYPES`` are read by the view while they arrive.
    :param polling: whether Socket.IO clients may poll; those who may not are told what to do.
    """
    requests = Requests(http)
    drain.add(requests.end_event_streams)
    mount = Mount(server, requests)
    await http.startup()
    try:
        yield mount if polling else WebSocketOnly(mount)
    finally:
        await requests.close()
        await http.shutdown()
