"""How Socket.IO's WebSockets are served: by this engine, or as python-socketio does by itself.

The engine has the same behaviour and spends a fraction of the time: frames are parsed and made
once, a broadcast is one prepared frame for everybody, and an idle client costs no task.

.. code-block:: text

    uvicorn → protocol (request) → engineio_server (handshake) → session ┐
              picows_protocol (frames) → connection (messages) ──────────┘→ realtime (events)
    manager (emit) → session → outgoing (one write a turn)        wheel: pings and deadlines
"""

from __future__ import annotations

import logging

from ..serializers import SerializerName
from ..server import RealtimeServer
from ..server_settings import Engine
from .compat import obstacle

_log = logging.getLogger(__name__)


def server_class(engine: Engine, serializer: SerializerName) -> type[RealtimeServer]:
    """The server for ``APP_ENGINE``. Where the fast one cannot be used, a warning says why."""
    if engine == "fast":
        reason = obstacle()
        if reason is None:
            from .messagepack import FastMessagePackServer
            from .realtime import FastServer

            return FastMessagePackServer if serializer == "msgpack" else FastServer
        _log.warning("APP_ENGINE=fast cannot be had, serving as with stock: %s", reason)
    from .polling import StockServer

    return StockServer


def http_class(engine: Engine) -> str:
    """What uvicorn's option ``http`` is to be."""
    if engine == "stock" or obstacle():
        return "httptools"
    return f"{__name__}.protocol:HttpProtocol"
