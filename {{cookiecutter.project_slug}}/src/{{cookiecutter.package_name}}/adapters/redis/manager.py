"""Socket.IO's fan-out to all workers, over the signals instead of a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from socketio import AsyncManager
from socketio.async_pubsub_manager import AsyncPubSubManager

from ...runtime.mailbox import Mailbox
from ...runtime.mode import Task, spawn, stop
from .signals import MAILBOX_BYTES, SOCKETIO, RedisSignals


class SignalsManager(AsyncPubSubManager):  # type: ignore[misc]
    """What ``sio.emit`` sends reaches the sockets of every worker.

    Messages have the form of python-socketio's own managers, so that its write-only managers in
    other programs reach this service's clients; see :mod:`.signals` for the channel.
    """

    name = "signals"

    def __init__(self, signals: RedisSignals) -> None:
        super().__init__(channel=SOCKETIO)
        self._signals = signals
        self._received = Mailbox(MAILBOX_BYTES)
        self._dispatcher: Task | None = None
        signals.subscribe(SOCKETIO, self._receive)

    def initialize(self) -> None:
        AsyncManager.initialize(self)  # not the parent's, whose task nobody could stop
        self._dispatcher = spawn(self._thread)

    async def close(self) -> None:
        if self._dispatcher is not None:
            await stop(self._dispatcher)

    async def _receive(self, data: bytes) -> None:
        if self._dispatcher is None:
            return  # this worker has had no socket yet
        if not self._received.put(data):
            self._signals.report_missed()

    async def _publish(self, data: dict[str, Any]) -> None:
        await self._signals.publish(SOCKETIO, self.json.dumps(data).encode())

    async def _listen(self) -> AsyncIterator[bytes]:
        while True:
            [data] = await self._received.take(1)
            yield data
