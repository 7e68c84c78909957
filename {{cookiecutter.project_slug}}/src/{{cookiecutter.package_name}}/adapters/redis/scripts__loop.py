"""Lua scripts on Redis: what is asked for while it answers goes out together, as one pipeline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ReadOnlyError

from ...domain.errors import Unavailable
from ...runtime.mode import Task, spawn, stop

Script = Callable[[Sequence[str], Sequence[str | int | float]], Awaitable[Any]]
_Command = tuple[object, ...]
_Question = tuple[_Command, "asyncio.Future[Any]"]

BATCH = 128
"""Scripts in one pipeline, at most."""


class Scripts:
    """Runs scripts one pipeline after the other, each of all that has been asked for meanwhile.

    A command of its own costs redis-py several times what it costs Redis, and a deadline of its own
    as much again. There are never more questions than callers who wait; each waits for the pipeline
    under way and for its own, at most.

    :param call: runs a command within its deadline.
    """

    def __init__(
        self, client: Redis, call: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    ) -> None:
        self._client = client
        self._call = call
        self._waiting: deque[_Question] = deque()
        self._sender: Task | None = None

    def register(self, text: str) -> Script:
        """A script, to be called with its keys and arguments. Raises what `call` does."""
        registered = self._client.register_script(text)

        async def run(keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
            result = await self._ask((registered.sha, len(keys), *keys, *args))
            if not isinstance(result, Exception):
                return result
            if isinstance(result, Unavailable):
                raise result
            if isinstance(result, NoScriptError | ReadOnlyError):
                # loads it, or finds who may write
                return await self._call(partial(registered, keys, args))
            return await self._call(partial(_fail, result))

        return run

    async def close(self) -> None:
        if self._sender is not None:
            await stop(self._sender)

    def _ask(self, command: _Command) -> asyncio.Future[Any]:
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sender is None:
            self._sender = spawn(self._send)
        return answer

    async def _send(self) -> None:
        try:
            while self._waiting:
                asked = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                await self._send_together([one for one in asked if not one[1].done()])
        finally:
            self._sender = None

    async def _send_together(self, asked: list[_Question]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for command, _ in asked:
            pipeline.execute_command("EVALSHA", *command)
        results: Sequence[Any] = [Unavailable("store")] * len(asked)
        try:
            results = await self._call(partial(pipeline.execute, raise_on_error=False))
        except Unavailable as error:
            # who has come meanwhile waits for the same Redis
            asked += self._waiting
            self._waiting.clear()
            results = [error] * len(asked)
        finally:
            for (_, answer), result in zip(asked, results, strict=True):
                if not answer.done():
                    answer.set_result(result)


async def _fail(error: Exception) -> None:
    raise error
