"""A bounded queue between tasks that drops what does not fit instead of making the sender wait."""

from __future__ import annotations

from collections import deque

from .mode import Event, Guard


class Mailbox:
    """Items for one reader.

    :param capacity: bytes held at most; an item counts with its length and `OVERHEAD`.
    """

    OVERHEAD = 128

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._used = 0
        self._items: deque[bytes] = deque()
        self._filled = Event()
        self._guard = Guard()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: bytes) -> bool:
        """Add `item`; false if there is no room for it."""
        with self._guard:
            if self._used + len(item) + self.OVERHEAD > self._capacity:
                return False
            self._used += len(item) + self.OVERHEAD
            self._items.append(item)
        self._filled.set()
        return True

    async def take(self, limit: int) -> list[bytes]:
        """Wait until there are items, and remove up to `limit` of them, oldest first."""
        while not self._items:
            self._filled.clear()
            if not self._items:  # with threads, one may have come in between
                await self._filled.wait()
        with self._guard:
            items = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
            self._used -= sum(len(item) + self.OVERHEAD for item in items)
        return items
