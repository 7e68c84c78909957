"""Publishing ticks: to the store of the latest, the history, and every worker, which delivers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from ..domain.ticks import Tick, acceptable
from ..ports import Clock, Signals, TickStore
from ..runtime.metrics import FEED_TICKS
from .recorder import Recorder

TOPIC = "ticks"


class Batch(msgspec.Struct, frozen=True):
    """What is published together. `accepted_at` is a Unix time."""

    ticks: list[Tick]
    accepted_at: float


class Publisher:
    """:param deliver: to the clients of this worker, where it has any."""

    def __init__(
        self,
        store: TickStore,
        recorder: Recorder,
        signals: Signals,
        clock: Clock,
        deliver: Callable[[Batch], None] | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._signals = signals
        self._clock = clock
        self._deliver = deliver

    async def publish(
        self, ticks: Sequence[Tick], *, key: str | None = None, fence: int | None = None
    ) -> int:
        """Give ticks to everybody who wants them, on every worker; returns how many.

        :param key: names the batch: sent again, it is taken once.
        :param fence: of the lease on which it is published.
        :raises Refused: ``invalid_payload``, or ``overloaded`` if the store does not answer or the
            history is too far behind.
        :raises StaleFence: if the lease is somebody else's by now.
        """
        acceptable(ticks, self._clock())
        self._recorder.require_room()
        if await self._store.put(ticks, key=key, fence=fence):
            FEED_TICKS.inc(len(ticks))
            self._recorder.add(ticks)
            batch = Batch(list(ticks), time.time())
            await self._signals.publish(TOPIC, batch)
            if self._deliver is not None:
                self._deliver(batch)
        return len(ticks)
