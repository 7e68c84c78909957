"""Lua scripts on Redis, each on a connection of its own as long as it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis

Script = Callable[[Sequence[str], Sequence[str | int | float]], Any]


class Scripts:
    """Runs scripts."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def register(self, text: str) -> Script:
        """A script, to be called with its keys and arguments. Raises redis-py's exceptions."""
        return self._client.register_script(text)

    def close(self) -> None:
        """Nothing is left to be sent."""
