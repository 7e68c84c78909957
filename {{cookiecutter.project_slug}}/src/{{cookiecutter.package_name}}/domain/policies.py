"""Rates, and what a caller is told when it exceeds one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RATE = re.compile(r"(\d{1,9})/(\d{1,6})s(?::(\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` calls in `period` seconds, of which `burst` may come at once."""

    limit: int
    period: int
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``"120/60s"`` or, with a burst, ``"120/60s:20"``.

        :raises ValueError: if `text` has another form or holds a zero.
        """
        match = _RATE.fullmatch(text.strip())
        if match is None:
            raise ValueError('a rate such as "120/60s", or "120/60s:20" with a burst')
        limit, period = int(match[1]), int(match[2])
        burst = int(match[3]) if match[3] else limit
        if not (limit and period and burst):
            raise ValueError("a rate whose limit, seconds and burst are above zero")
        return cls(limit, period, burst)
