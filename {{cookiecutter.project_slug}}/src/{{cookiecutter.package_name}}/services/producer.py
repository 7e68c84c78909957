"""One worker publishes what a source gives, however many there are (guarantee G9)."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from ..domain.errors import Refused
from ..domain.ticks import PRODUCER, Tick
from ..ports import Leases, StaleFence
from ..runtime import mode
from .publisher import Publisher

_log = logging.getLogger(__name__)

LEASE_SECONDS = 6.0
"""The longest time for which nobody publishes after the worker that did was killed, and RENEWAL."""
RENEWAL_SECONDS = 2.0
PAUSE_SECONDS = 0.2


class Source(Protocol):
    """Where ticks come from."""

    @property
    def interval(self) -> float:
        """Seconds between two reads."""
        ...

    async def read(self) -> Sequence[Tick]:
        """What is new. Raises whatever it likes: that is logged, and it is read again later."""
        ...


class Producer:
    """Publishes what `source` gives while this worker holds the lease."""

    def __init__(self, source: Source, publisher: Publisher, leases: Leases) -> None:
        self._source = source
        self._publisher = publisher
        self._leases = leases
        self._fence: int | None = None
        self._good_until = 0.0

    @property
    def fence(self) -> int | None:
        """Of the lease, while this worker holds it."""
        return self._fence if time.monotonic() < self._good_until else None

    async def hold(self) -> None:
        """Get the lease and keep it. Runs as long as the worker does."""
        while True:
            asked = time.monotonic()
            try:
                fence = await self._leases.claim(PRODUCER, LEASE_SECONDS)
            except Refused as refused:
                _log.warning("the lease of the feed is not renewed: %s", refused.message)
            else:
                if fence != self._fence:
                    _log.info("this worker %s the feed", "publishes" if fence else "leaves")
                self._fence = fence
                self._good_until = asked + LEASE_SECONDS
            await mode.sleep(RENEWAL_SECONDS)

    async def publish(self) -> None:
        """Read the source and publish, while the lease is held. Runs as long as the worker does."""
        while True:
            fence = self.fence
            if fence is None:
                await mode.sleep(PAUSE_SECONDS)
                continue
            try:
                ticks = await self._source.read()
                if ticks:
                    await self._publisher.publish(ticks, fence=fence)
            except StaleFence:
                _log.warning("another worker publishes the feed by now")
                self._fence = None
            except Refused as refused:
                _log.warning("ticks not published: %s", refused.message)
            except Exception:
                _log.exception("the source of the feed failed")
            await mode.sleep(self._source.interval)

    async def leave(self, _seconds: float) -> None:
        """Let another worker publish: a step of the drain."""
        if self._fence is not None:
            self._good_until = 0.0
            await self._leases.release(PRODUCER)
