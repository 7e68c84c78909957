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
        wait = self._gcra.hit(f"{name}:{key}", Pace.of(rate.limit, rate.period, rate.burst))
        count_decision(name, admitted=wait <= 0)
        return wait

    async def hit_each(self, limits: Sequence[tuple[str, Rate]], key: str) -> float:
        for name, rate in limits:
            wait = await self.hit(name, rate, key)
            if wait > 0:
                return wait
        return 0.0
