"""Delivery of chat messages to the sockets of this worker: each once, in order, without gaps.

A message reaches a worker from its own clients or as a signal from another worker. Signals may be
lost or overtake each other; the log is the truth. So each room with an audience here keeps the
offset it has delivered: what is older is dropped, and what is missing is read from the log first.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from ..domain.errors import Refused
from ..domain.events import MESSAGE, Message, Position
from ..ports import Audience, MessageLog, Signals
from ..runtime import mode

_log = logging.getLogger(__name__)

TOPIC = "messages"
CHECK_INTERVAL = 5.0
"""Seconds between two comparisons with the log: the longest a lost signal goes unnoticed."""
CHECKED_AT_ONCE = 500


@dataclass(slots=True)
class _Room:
    sockets: int = 0
    delivered: Position | None = None
    lock: mode.Lock = field(default_factory=mode.Lock)


class Fanout:
    """Delivers what is in `log` to `audience`.

    :param history_size: most messages that are read to fill a gap; a longer one is skipped, and
        clients see it by the offsets.
    """

    def __init__(
        self, log: MessageLog, audience: Audience, signals: Signals, history_size: int
    ) -> None:
        self._log = log
        self._audience = audience
        self._signals = signals
        self._history_size = history_size
        self._rooms: dict[str, _Room] = {}
        self._guard = mode.Guard()
        signals.subscribe(TOPIC, self._on_signal)
        signals.on_reconnect(self.check)

    def __len__(self) -> int:
        return len(self._rooms)

    @asynccontextmanager
    async def held(self, name: str, *, entering: bool) -> AsyncIterator[None]:
        """Hold back deliveries to a room while a socket reads the log.

        So it gets every message exactly once: from the log up to the head, live from there on.

        :param entering: whether the socket is new to the room; it has to call :meth:`left` then.
        """
        with self._guard:
            room = self._rooms.setdefault(name, _Room())
            room.sockets += entering
        try:
            async with room.lock:
                yield
        except BaseException:
            if entering:
                self.left(name)
            raise

    async def catch_up(self, name: str, head: Position) -> None:
        """Bring those in the room up to `head`, which the socket at the log has read up to."""
        room = self._rooms[name]
        if room.delivered is None:
            room.delivered = head
        elif room.delivered != head:
            await self._fill(name, room)

    def left(self, name: str) -> None:
        """A socket of this worker left a room."""
        with self._guard:
            room = self._rooms.get(name)
            if room is not None:
                room.sockets -= 1
                if room.sockets <= 0:
                    del self._rooms[name]

    async def announce(self, message: Message) -> None:
        """Deliver a message of the log, here and on every other worker."""
        await self._signals.publish(TOPIC, message)
        await self._receive(message)

    async def check(self) -> None:
        """Deliver what the log holds and no signal told of."""
        names = list(self._rooms)
        for start in range(0, len(names), CHECKED_AT_ONCE):
            heads = await self._log.heads(names[start : start + CHECKED_AT_ONCE])
            for name, head in heads.items():
                room = self._rooms.get(name)
                if room is None or room.delivered in (None, head):
                    continue
                async with room.lock:
                    if room.delivered != head:
                        await self._fill(name, room)

    async def watch(self) -> None:
        """Check every few seconds. Runs as long as the worker does."""
        while True:
            await mode.sleep(CHECK_INTERVAL)
            try:
                await self.check()
            except Refused as refused:
                _log.warning("rooms not checked for missed messages: %s", refused.message)

    async def _on_signal(self, data: bytes) -> None:
        await self._receive(msgspec.json.decode(data, type=Message))

    async def _receive(self, message: Message) -> None:
        room = self._rooms.get(message.room)
        if room is None:
            return
        async with room.lock:
            delivered = room.delivered
            if delivered is None:
                return  # the entering socket will read it from the log
            if delivered.epoch == message.epoch:
                if message.offset <= delivered.offset:
                    return
                if message.offset == delivered.offset + 1:
                    await self._deliver(room, message)
                    return
            await self._fill(message.room, room)

    async def _fill(self, name: str, room: _Room) -> None:
        """Deliver everything in the log after what was delivered. The caller holds the lock."""
        replay = await self._log.replay(name, room.delivered, self._history_size)
        delivered = room.delivered
        if not replay.complete:
            _log.warning("messages skipped in a room: the log no longer holds what followed")
        for message in replay.messages:
            is_newer = (
                delivered is None
                or message.epoch != delivered.epoch
                or message.offset > delivered.offset
            )
            if is_newer:
                await self._deliver(room, message)
        room.delivered = replay.head

    async def _deliver(self, room: _Room, message: Message) -> None:
        await self._audience.tell_here(message.room, MESSAGE, message)
        room.delivered = Position(message.epoch, message.offset)
