"""How much later than it asked to a worker wakes: what a handler that blocks does to everybody."""

from __future__ import annotations

import time

from .metrics import LAG
from .mode import sleep

LAG_SECONDS = 0.25
"""Between two looks."""


async def watch_lag() -> None:
    """Measure for as long as the worker runs."""
    while True:
        asked = time.monotonic()
        await sleep(LAG_SECONDS)
        LAG.observe(max(0.0, time.monotonic() - asked - LAG_SECONDS))
