"""How this mode waits, locks and runs things side by side: asyncio.

The rest of the service uses only what is defined here, so that it does not depend on the mode.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Generator
from types import coroutine
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ASYNC_MODE = "asgi"
"""What python-socketio calls this mode. Always named: detected, it is the first importable one."""

Lock = asyncio.Lock
Event = asyncio.Event
Task: TypeAlias = "asyncio.Task[None]"
sleep = asyncio.sleep
timeout = asyncio.timeout
run_blocking = asyncio.to_thread
call_driver = asyncio.to_thread
"""Call a driver that waits on a socket, in a thread."""
Guard = threading.Lock
"""Keeps threads apart for a few lines that do not wait. Tasks change only where they wait, so that
it is always free; and a free lock costs less than a class of ours that does nothing."""

_log = logging.getLogger(__name__)
_running: set[asyncio.Task[None]] = set()


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """The result of `call`, which is interrupted if it waits for longer than `seconds`.

    A deadline costs as much as many a handler, so there is none until the first wait.

    :raises TimeoutError: it waited too long.
    """
    running = call().__await__()
    try:
        awaited = running.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with timeout(seconds):
        return await _rest(running, awaited)


@coroutine
def _rest(running: Generator[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """Go on with what waits for `awaited`."""
    while True:
        try:
            try:
                value = yield awaited
            except BaseException as error:
                awaited = running.throw(error)
            else:
                awaited = running.send(value)
        except StopIteration as done:
            result: T = done.value
            return result


def spawn(function: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> Task:
    """Run `function` in the background. What it raises is logged; the task may be cancelled."""

    async def run() -> None:
        try:
            await function(*args, **kwargs)
        except Exception:
            _log.exception(
                "background task failed: %s", getattr(function, "__qualname__", function)
            )

    task = asyncio.get_running_loop().create_task(run())
    _running.add(task)  # the loop itself keeps only a weak reference
    task.add_done_callback(_running.discard)
    return task


def run(function: Callable[[], Awaitable[None]]) -> None:
    """Run `function` in a process that does nothing else; to be called outside of any loop."""

    async def main() -> None:
        await function()

    asyncio.run(main())


async def stop(*tasks: Task) -> None:
    """Cancel background tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def together(*calls: Callable[[], Awaitable[T]]) -> list[T | BaseException]:
    """Run `calls` side by side; the results come in the same order, exceptions as values."""
    return await asyncio.gather(*(call() for call in calls), return_exceptions=True)


def client_address(environ: dict[str, Any]) -> str:
    """The client address of an Engine.IO request.

    Engine.IO writes 127.0.0.1 into ``REMOTE_ADDR`` under ASGI; :class:`~.entry.Entry` has put the
    address that counts into the scope.
    """
    address: str = environ["asgi.scope"]["client"][0]
    return address
