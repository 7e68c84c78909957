"""Which server speaks Socket.IO: the one of this package, or python-socketio's."""

from __future__ import annotations

from . import direct
from .serializers import SerializerName
from .server import RealtimeServer
from .server_settings import ServerSettings


def server_class(settings: ServerSettings, serializer: SerializerName) -> type[RealtimeServer]:
    return direct.server_class(settings.engine, serializer)
