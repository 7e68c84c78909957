"""Leases where there is one worker."""

from __future__ import annotations


class MemoryLeases:
    """Implements :class:`~..ports.Leases`: the one worker gets what it asks for."""

    async def claim(self, name: str, seconds: float) -> int | None:
        return 1

    async def release(self, name: str) -> None:
        """Nobody else waits for it."""
