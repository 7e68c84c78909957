"""How this mode waits, locks and runs things side by side: asyncio.

The rest of the service uses only what is defined here, so that it does not depend on the mode.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
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

_log = logging.getLogger(__name__)
_running: set[asyncio.Task[None]] = set()


class Guard:
    """Keeps threads apart for a few lines that do not wait.

    Tasks change only where they wait: there is nothing to do.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


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
