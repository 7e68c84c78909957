"""Flask whose async views run on the server's own event loop.

Flask's own way gives every async view a new loop in its thread, where nothing that belongs to the
server's loop works: no shared lock, no connection pool, no Socket.IO server.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from flask import Flask, Response

T = TypeVar("T")

server_loop: contextvars.ContextVar[asyncio.AbstractEventLoop | None] = contextvars.ContextVar(
    "server_loop", default=None
)
"""The loop that serves the current request; unset under Flask's test client and command line."""


class AsgiFlask(Flask):
    """Flask for :class:`~.asgi_bridge.FlaskASGI`; anywhere else it behaves like plain Flask."""

    def async_to_sync(self, func: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
        """How Flask calls async views, hooks and error handlers: on the server's loop.

        :raises RuntimeError: when the result is called from async code. It would wait for a loop
            that waits for it.
        """
        loop = server_loop.get()
        if loop is None:
            wrapped: Callable[..., T] = super().async_to_sync(func)
            return wrapped

        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> T:
            if inside_loop():
                name = getattr(func, "__qualname__", repr(func))
                raise RuntimeError(f"{name} was called as a plain function in async code: await it")
            return run_on_loop(loop, func(*args, **kwargs))

        return call


class StreamedResponse(Response):
    """A response whose body an async generator yields, server-sent events by default.

    The generator runs on the server's loop: an open stream holds no thread, and the generator is
    closed as soon as the client leaves, whatever it is waiting for. It runs outside of the request:
    what it needs of it has to be read before.
    """

    default_mimetype = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes | str, None], **options: Any) -> None:
        super().__init__(AsyncBody(chunks), direct_passthrough=True, **options)


class AsyncBody:
    """The body of a :class:`StreamedResponse`, as the bridge recognises it."""

    def __init__(self, chunks: AsyncGenerator[bytes | str, None]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        """For Flask's test client, which has no loop: the generator gets one of its own."""

        async def following() -> bytes | str | None:
            return await anext(self.chunks, None)

        with asyncio.Runner() as runner:
            while (chunk := runner.run(following())) is not None:
                yield chunk.encode() if isinstance(chunk, str) else chunk


def run_on_loop(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Await `coroutine` on `loop`, from another thread. Contextvars go along and come back.

    :func:`asyncio.run_coroutine_threadsafe` costs twice as much and has no way back: what an async
    hook binds for the log would be lost to the view.
    """
    context = contextvars.copy_context()
    done = threading.Lock()
    done.acquire()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        task = loop.create_task(coroutine, context=context)
        tasks.append(task)
        task.add_done_callback(lambda _: done.release())

    try:
        loop.call_soon_threadsafe(begin)
    except RuntimeError:  # the loop has ended
        coroutine.close()
        raise
    done.acquire()
    for variable, value in context.items():
        if variable.get(None) is not value:
            variable.set(value)
    return tasks[0].result()


def inside_loop() -> bool:
    """Whether the caller is async code."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
