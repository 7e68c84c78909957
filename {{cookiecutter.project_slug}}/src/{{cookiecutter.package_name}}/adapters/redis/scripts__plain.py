"""Lua scripts on Redis, each on a connection of its own as long as it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from redis import Redis

Script = Callable[[Sequence[str], Sequence[str | int | float]], Any]


class Scripts:
    """Runs scripts.

    :param call: runs a command within its deadline.
    """

    def __init__(self, client: Redis, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._call = call

    def register(self, text: str) -> Script:
        """A script, to be called with its keys and arguments. Raises what `call` does."""
        registered = self._client.register_script(text)

        def run(keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
            return self._call(partial(registered, keys, args))

        return run

    def close(self) -> None:
        """Nothing is left to be sent."""
