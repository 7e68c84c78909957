"""How this mode waits, locks and runs things side by side: gevent's greenlets.

The rest of the service uses only what is defined here, so that it does not depend on the mode.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import gevent
from gevent import Greenlet
from gevent.event import Event
from gevent.lock import BoundedSemaphore

P = ParamSpec("P")
T = TypeVar("T")

ASYNC_MODE = "gevent"
"""What python-socketio calls this mode. Always named: detected, it is the first importable one."""

Lock = BoundedSemaphore
Task: TypeAlias = "Greenlet[..., None]"
sleep = gevent.sleep

__all__ = ["Event"]

_log = logging.getLogger(__name__)


class Guard:
    """Keeps threads apart for a few lines that do not wait.

    Greenlets change only where they wait: there is nothing to do.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def timeout(seconds: float) -> Iterator[None]:
    """Interrupt what waits in the block after `seconds`.

    :raises TimeoutError: at the end of the block; nothing in it can take it for its own.
    """
    expiry = gevent.Timeout.start_new(seconds)
    try:
        yield
    except gevent.Timeout as raised:
        if raised is not expiry:
            raise
        raise TimeoutError from None
    finally:
        expiry.close()


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, in which nothing waits for longer than `seconds`.

    :raises TimeoutError: something would have.
    """
    with timeout(seconds):
        return call()


def give_way() -> None:
    """Let other greenlets run: one that never has to wait would hold them up."""
    sleep(0)


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what would hold up all greenlets in a thread, and wait for its result."""

    def outcome() -> tuple[T, None] | tuple[None, Exception]:
        try:
            return function(*args, **kwargs), None
        except Exception as error:  # raised in the pool, it would be printed there as well
            return None, error

    result, error = gevent.get_hub().threadpool.apply(copy_context().run, (outcome,))
    if error is not None:
        raise error
    return cast(T, result)


def call_driver(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a driver that waits in the patched library, as psycopg does."""
    return function(*args, **kwargs)


def spawn(function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> Task:
    """Run `function` in the background. What it raises is logged; the task may be stopped."""

    def run() -> None:
        try:
            function(*args, **kwargs)
        except Exception:
            _log.exception(
                "background task failed: %s", getattr(function, "__qualname__", function)
            )

    return gevent.spawn(run)


def run(function: Callable[[], None]) -> None:
    """Run `function` in a process that does nothing else."""
    function()


def stop(*tasks: Task) -> None:
    """Stop background tasks and wait until they have ended."""
    gevent.killall(tasks)


def together(*calls: Callable[[], T]) -> list[T | BaseException]:
    """Run `calls` side by side; the results come in the same order, exceptions as values."""

    def outcome(call: Callable[[], T]) -> T | BaseException:
        try:
            return call()
        except Exception as error:
            return error

    greenlets = [gevent.spawn(outcome, call) for call in calls]
    gevent.joinall(greenlets)
    return [greenlet.get() for greenlet in greenlets]


def client_address(environ: dict[str, Any]) -> str:
    """The client address of an Engine.IO request, as :class:`~.entry.Entry` has found it."""
    address: str = environ["REMOTE_ADDR"]
    return address
