"""Lua scripts on Redis: what is asked for while it answers goes out together, as one pipeline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError

from ...runtime.mode import Task, spawn, stop

Script = Callable[[Sequence[str], Sequence[str | int | float]], Awaitable[Any]]
_Call = tuple[tuple[object, ...], "asyncio.Future[Any]"]

BATCH = 128
"""Scripts in one pipeline, at most."""


class Scripts:
    """Runs scripts one pipeline after the other, each of all that has been asked for meanwhile.

    A command of its own costs redis-py several times what it costs Redis. There are never more
    calls than callers who wait, and these have deadlines.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: deque[_Call] = deque()
        self._sender: Task | None = None

    def register(self, text: str) -> Script:
        """A script, to be called with its keys and arguments. Raises redis-py's exceptions."""
        registered = self._client.register_script(text)

        async def run(keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
            result = await self._ask((registered.sha, len(keys), *keys, *args))
            if isinstance(result, NoScriptError | ReadOnlyError):
                return await registered(keys, args)  # loads it, or finds who may write
            if isinstance(result, Exception):
                raise result
            return result

        return run

    async def close(self) -> None:
        if self._sender is not None:
            await stop(self._sender)

    def _ask(self, command: tuple[object, ...]) -> asyncio.Future[Any]:
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sender is None:
            self._sender = spawn(self._send)
        return answer

    async def _send(self) -> None:
        try:
            while self._waiting:
                calls = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                await self._send_together([call for call in calls if not call[1].done()])
        finally:
            self._sender = None

    async def _send_together(self, calls: list[_Call]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for command, _ in calls:
            pipeline.execute_command("EVALSHA", *command)
        results: Sequence[Any] = [RedisConnectionError("closed")] * len(calls)
        try:
            results = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            results = [error] * len(calls)
        finally:
            for (_, answer), result in zip(calls, results, strict=True):
                if not answer.done():
                    answer.set_result(result)
