"""How this mode waits, locks and runs things side by side: eventlet's green threads.

The rest of the service uses only what is defined here, so that it does not depend on the mode.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeAlias, TypeVar

import eventlet
from eventlet.green.threading import Event
from eventlet.greenthread import GreenThread
from eventlet.semaphore import Semaphore

P = ParamSpec("P")
T = TypeVar("T")

ASYNC_MODE = "eventlet"
"""What python-socketio calls this mode. Always named: detected, it is the first importable one."""

Lock = Semaphore
Task: TypeAlias = GreenThread
sleep = eventlet.sleep

__all__ = ["Event"]

_log = logging.getLogger(__name__)


class Guard:
    """Keeps threads apart for a few lines that do not wait.

    Green threads change only where they wait: there is nothing to do.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def timeout(seconds: float) -> Iterator[None]:
    """Interrupt what waits in the block after `seconds`.

    :raises TimeoutError: at the end of the block; nothing in it can take it for its own.
    """
    expiry = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as raised:
        if raised is not expiry:
            raise
        raise TimeoutError from None
    finally:
        expiry.cancel()


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, in which nothing waits for longer than `seconds`.

    :raises TimeoutError: something would have.
    """
    with timeout(seconds):
        return call()


def give_way() -> None:
    """Let other green threads run: one that never has to wait would hold them up."""
    sleep(0)


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may hold up all green threads for a moment, as a file does.

    Not in a real thread: locks of the patched library, which pools and loggers hold, are not made
    to be shared with one.
    """
    return function(*args, **kwargs)


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

    return eventlet.spawn(run)


def run(function: Callable[[], None]) -> None:
    """Run `function` in a process that does nothing else."""
    function()


def stop(*tasks: Task) -> None:
    """Stop background tasks and wait until they have ended."""
    for task in tasks:
        task.kill()


def together(*calls: Callable[[], T]) -> list[T | BaseException]:
    """Run `calls` side by side; the results come in the same order, exceptions as values."""

    def outcome(call: Callable[[], T]) -> T | BaseException:
        try:
            return call()
        except Exception as error:
            return error

    threads = [eventlet.spawn(outcome, call) for call in calls]
    return [thread.wait() for thread in threads]


def client_address(environ: dict[str, Any]) -> str:
    """The client address of an Engine.IO request, as :class:`~.entry.Entry` has found it."""
    address: str = environ["REMOTE_ADDR"]
    return address
