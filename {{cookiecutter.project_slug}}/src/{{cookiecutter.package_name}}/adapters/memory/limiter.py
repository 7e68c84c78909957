"""Rate limits of one worker."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.policies import Rate
from ...runtime.gcra import Gcra, Pace
from ...runtime.metrics import count_decision


class MemoryLimiter:
    """Implements :class:`~..ports.Limiter`."""

    def __init__(self) -> None:
        self._gcra = Gcra()

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        return await self.hit_each(((name, rate),), key)

    async def hit_each(self, limits: Sequence[tuple[str, Rate]], key: str) -> float:
        for name, rate in limits:
            pace = Pace.of(rate.limit, rate.period, rate.burst)
            wait = self._gcra.hit((name, key), pace)
            count_decision(name, wait <= 0)
            if wait > 0:
                return wait
        return 0.0
