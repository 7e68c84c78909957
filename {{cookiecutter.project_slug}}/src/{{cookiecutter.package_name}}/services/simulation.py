"""A made-up market, to have something to look at in development."""

from __future__ import annotations

import random

from ..domain.ticks import Tick
from ..ports import Clock

START = {"ACME": 120.0, "BOLT": 75.5, "CRUX": 310.0, "DUNE": 18.2, "ECHO": 54.0}


class SimulatedMarket:
    """Implements :class:`~.producer.Source`: prices that wander, some of them at each read."""

    interval = 0.5

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._prices = dict(START)
        self._random = random.Random(seed)  # noqa: S311 - no secret

    async def read(self) -> list[Tick]:
        now = self._clock()
        moved = self._random.sample(sorted(self._prices), k=3)
        for symbol in moved:
            change = self._random.gauss(0, 0.002)
            self._prices[symbol] = round(max(0.01, self._prices[symbol] * (1 + change)), 2)
        return [Tick(symbol, self._prices[symbol], now) for symbol in moved]
