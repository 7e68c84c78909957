"""The connections of a worker: how many one address has, and who has to enter a namespace soon."""

from __future__ import annotations

import time
from collections import Counter

from . import mode

CROWD_MARGIN = 2
"""An address may open this many times its allowance, so that the excess can be told why not."""
EXCESS = 16
"""Connections a full worker still opens, to tell them why they may not stay."""


class Connections:
    """Engine.IO's own tables have no bounds.

    :param most: connections this worker may have.
    :param most_per_address: connections one address may have with it.
    :param patience: seconds a connection may live without a namespace.
    """

    def __init__(self, *, most: int, most_per_address: int, patience: float) -> None:
        self.patience = patience
        self._most = most
        self._most_per_address = most_per_address
        self._guard = mode.Guard()
        self.addresses: dict[str, str] = {}
        self.per_address: Counter[str] = Counter()
        self.deadlines: dict[str, float] = {}

    def admit(self, connection: str, address: str) -> bool:
        """Count a connection, which has to enter a namespace soon; false where it is too many."""
        with self._guard:
            if (
                len(self.addresses) >= self._most + EXCESS
                or self.per_address[address] >= self._most_per_address * CROWD_MARGIN
            ):
                return False
            self.addresses[connection] = address
            self.per_address[address] += 1
            self.deadlines[connection] = time.monotonic() + self.patience
        return True

    def is_crowded(self, address: str) -> bool:
        """Whether this worker, or its share for one address, is used up."""
        return (
            len(self.addresses) > self._most or self.per_address[address] > self._most_per_address
        )

    def expect(self, connection: str, seconds: float | None = None) -> None:
        """Let one that is there stay for `seconds`, or as long as at its beginning."""
        if connection in self.addresses:
            patience = self.patience if seconds is None else seconds
            self.deadlines[connection] = time.monotonic() + patience

    def may_stay(self, connection: str) -> None:
        """It has entered a namespace."""
        self.deadlines.pop(connection, None)

    def overdue(self) -> list[str]:
        """Those who have been waited for long enough; each once."""
        now = time.monotonic()
        found = [connection for connection, due in list(self.deadlines.items()) if due <= now]
        for connection in found:
            self.deadlines.pop(connection, None)
        return found

    def forget(self, connection: str) -> None:
        self.deadlines.pop(connection, None)
        with self._guard:
            address = self.addresses.pop(connection, None)
            if address is not None:
                self.per_address[address] -= 1
                if self.per_address[address] <= 0:
                    del self.per_address[address]
