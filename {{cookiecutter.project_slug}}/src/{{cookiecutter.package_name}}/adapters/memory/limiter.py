"""Rate limits of one worker."""

from __future__ import annotations

from ...domain.policies import Rate
from ...runtime.gcra import Gcra, Pace
from ...runtime.metrics import LIMITER_DECISIONS


class MemoryLimiter:
    """Implements :class:`~..ports.Limiter`."""

    def __init__(self) -> None:
        self._gcra = Gcra()

    async def hit(self, name: str, rate: Rate, key: str) -> float:
        wait = self._gcra.hit(f"{name}:{key}", Pace.of(rate.limit, rate.period, rate.burst))
        LIMITER_DECISIONS.labels(name, "limited" if wait else "admitted").inc()
        return wait
