"""Settings of the server that runs this mode."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Workers = Annotated[
    int,
    Meta(ge=1, le=1, description="1: eventlet has one process a server; start another for more"),
]
Connections = Annotated[int, Meta(ge=1, le=1_000_000)]
Engine = Literal["fast", "stock"]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`max_connections`: Socket.IO connections of this process, which a flood cannot exceed.

    `engine`: what serves WebSockets; ``stock`` is python-engineio by itself.
    """

    web_concurrency: Workers = 1
    max_connections: Connections = 5000
    max_event_streams: Connections = 1000
    engine: Engine = "fast"
