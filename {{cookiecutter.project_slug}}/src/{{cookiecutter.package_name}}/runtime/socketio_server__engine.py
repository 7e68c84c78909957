"""Which server speaks Socket.IO: the one on the engine of this package, or python-socketio's."""

from __future__ import annotations

from . import engine
from .serializers import SerializerName
from .server import RealtimeServer
from .server_settings import ServerSettings


def server_class(settings: ServerSettings, serializer: SerializerName) -> type[RealtimeServer]:
    return engine.server_class(settings.engine, serializer)
