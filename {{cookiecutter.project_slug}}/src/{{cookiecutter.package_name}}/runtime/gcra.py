"""Rate limits by the generic cell rate algorithm (GCRA).

One number a key: the theoretical arrival time (TAT), by which every call so far would have come
had they come evenly. A call may be ahead of that time by the burst, no more. Source: ITU-T I.371,
annex A, and https://brandur.org/rate-limiting. All times are whole microseconds, so that no
rounding ever refuses the last call a rate admits.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """`interval`: between two calls at the steady rate. `tolerance`: how far calls may be ahead."""

    interval: int
    tolerance: int

    @classmethod
    @lru_cache(maxsize=64)  # a service has a handful, and asks at each event
    def of(cls, limit: int, period: float, burst: int) -> Pace:
        """`limit` calls in `period` seconds, of which `burst` may come at once."""
        interval = max(1, int(period * MICROSECONDS) // limit)
        return cls(interval, interval * burst)


class Gcra:
    """Limits that hold in one process.

    :param max_keys: keys remembered; beyond, those unused for longest start afresh.
    :param clock: nanoseconds, never going back.
    """

    def __init__(
        self, max_keys: int = 65_536, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._max_keys = max_keys
        self._clock = clock
        self._arrivals: OrderedDict[Hashable, int] = OrderedDict()
        self._lock = Lock()  # never held across a wait, so the same in every mode

    def __len__(self) -> int:
        return len(self._arrivals)

    def hit(self, key: Hashable, pace: Pace) -> float:
        """Count one call; 0.0 if it is admitted, else the seconds after which it would be."""
        now = self._clock() // 1000
        arrivals = self._arrivals
        with self._lock:
            arrival = arrivals.get(key, now)
            if arrival < now:
                arrival = now
            following = arrival + pace.interval
            wait = following - pace.tolerance - now
            arrivals[key] = arrival if wait > 0 else following
            arrivals.move_to_end(key)
            if len(arrivals) > self._max_keys:
                arrivals.popitem(last=False)
        return wait / MICROSECONDS if wait > 0 else 0.0
