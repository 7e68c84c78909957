"""Which server speaks Socket.IO: in this mode there is one."""

from __future__ import annotations

from .server import RealtimeServer
from .server_settings import ServerSettings


def server_class(_: ServerSettings) -> type[RealtimeServer]:
    return RealtimeServer
