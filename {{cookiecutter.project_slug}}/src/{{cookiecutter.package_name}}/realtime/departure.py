"""Sending clients to other workers when this one goes down."""

from __future__ import annotations

import time
from random import SystemRandom

from ..domain.events import SERVER_DRAINING, ServerDraining
from ..runtime import mode
from ..runtime.server import RealtimeServer
from ..runtime.sessions import Sessions

_random = SystemRandom()

CLOSED_PER_SECOND = 200
SHARE_OF_TIME = 0.6
"""Part of the time left that closing may be spread over; the rest is for what is under way."""


class Departure:
    """Tells every client when to come back, and closes each connection at that moment.

    The moments are spread at random, so that the other workers are not stormed.
    """

    def __init__(self, server: RealtimeServer, sessions: Sessions) -> None:
        self._server = server
        self._sessions = sessions

    async def __call__(self, seconds_left: float) -> None:
        connections = self._server.connections()
        window = min(seconds_left * SHARE_OF_TIME, 0.5 + len(connections) / CLOSED_PER_SECOND)
        start = time.monotonic()
        moments = {connection: round(_random.uniform(0.1, window), 3) for connection in connections}
        for session in self._sessions:
            retry_in = moments.get(session.connection)
            if retry_in is not None:
                await self._server.emit(
                    SERVER_DRAINING.name,
                    ServerDraining(retry_in),
                    room=session.sid,
                    namespace=session.namespace,
                    ignore_queue=True,
                )
        for connection, moment in sorted(moments.items(), key=lambda item: item[1]):
            await mode.sleep(max(0.0, start + moment - time.monotonic()))
            await self._server.end_connection(connection)
