"""One ASGI application from the Socket.IO server and Flask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flask import Flask

from .asgi import ASGIApp
from .asgi_bridge import FlaskASGI
from .drain import Drain
from .mount import Mount
from .server import RealtimeServer
from .transport_guard import WebSocketOnly


@asynccontextmanager
async def open_gateway(
    server: RealtimeServer, http: Flask, drain: Drain, *, polling: bool
) -> AsyncIterator[ASGIApp]:
    """Everything a client of this worker can reach.

    :param http: request bodies larger than its ``MAX_CONTENT_LENGTH`` are refused with 413; those
        of the types in its ``STREAMED_TYPES`` are read by the view while they arrive.
    :param polling: whether Socket.IO clients may poll; those who may not are told what to do.
    """
    bridge = FlaskASGI(
        http,
        max_body_bytes=http.config["MAX_CONTENT_LENGTH"],
        streamed=http.config.get("STREAMED_TYPES", ()),
    )
    drain.add(bridge.end_event_streams)
    mount = Mount(server, bridge)
    try:
        yield mount if polling else WebSocketOnly(mount)
    finally:
        await bridge.close()
