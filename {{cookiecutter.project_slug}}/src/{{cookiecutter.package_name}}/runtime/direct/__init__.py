"""How Socket.IO's WebSockets are served: from socket to handler and back without a detour.

python-engineio has a queue, a task that writes and a task that pings for every client. Here frames
are made once and written at once, the reader of a connection handles its events and writes their
acknowledgements, and one task a worker sees to all pings. What is unusual goes python-socketio's
way, so that both refuse the same things.

.. code-block:: text

    gateway → engineio_server (handshake) → websocket (frames) → session (packets) ┐
    wheel (pings) → session                               realtime (events) ←───────┘
    manager (emit) → session → websocket → outgoing (the kernel, or bounded memory)
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
            from .messagepack import DirectMessagePackServer
            from .realtime import DirectServer

            return DirectMessagePackServer if serializer == "msgpack" else DirectServer
        _log.warning("APP_ENGINE=fast cannot be had, serving as with stock: %s", reason)
    from ..polling_server import PollingServer

    return PollingServer
