"""How long to leave a page alone that could not be read."""

from __future__ import annotations

import random

MAX_SECONDS = 300.0
"""The longest pause, unless the usual one is longer, or the page asks for more."""
MAX_ASKED_SECONDS = 3600.0


class Backoff:
    """Twice as long after each failure, and never the same for two services.

    :param interval: seconds between two reads while all is well.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._failures = 0

    def failed(self, retry_after: float) -> float:
        """Seconds until the next try.

        :param retry_after: what the page asks for.
        """
        longest = max(MAX_SECONDS, self._interval)
        self._failures = min(self._failures + 1, 32)
        pause = min(longest, self._interval * 2.0 ** (self._failures - 1))
        jitter = random.uniform(1.0, 1.5)  # noqa: S311 - no secret
        return max(pause * jitter, min(retry_after, MAX_ASKED_SECONDS))

    def succeeded(self) -> None:
        self._failures = 0
