"""Signals of a worker that is alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec


class NoSignals:
    """Implements :class:`~..ports.Signals` where there are no other workers: nothing ever comes."""

    async def publish(self, topic: str, signal: bytes | msgspec.Struct) -> None:
        """Reach all other workers: none."""

    def subscribe(self, topic: str, handler: Callable[[bytes], Awaitable[None]]) -> None:
        """Nobody will call `handler`."""

    def on_reconnect(self, handler: Callable[[], Awaitable[None]]) -> None:
        """Nobody will call `handler`."""
