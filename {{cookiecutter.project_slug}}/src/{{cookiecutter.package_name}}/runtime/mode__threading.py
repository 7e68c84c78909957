"""How this mode waits, locks and runs things side by side: threads.

The rest of the service uses only what is defined here, so that it does not depend on the mode.
No thread can be interrupted from outside. So what waits here looks at two things itself: the
deadline of the enclosing :func:`timeout`, and whether its task is to stop. What waits elsewhere, on
a socket, has a timeout of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ASYNC_MODE = "threading"
"""What python-socketio calls this mode. Always named: detected, it is the first importable one."""
STOP_SECONDS = 0.5
"""How long a task may take to notice that it is to stop; then it is left to the process's end."""

Guard = threading.Lock

_log = logging.getLogger(__name__)
_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
_task: ContextVar[Task | None] = ContextVar("task", default=None)
_outside = threading.BoundedSemaphore(64)


class Stopped(BaseException):
    """Ends a task that is to stop, where it waits."""


class Event:
    """Like :class:`threading.Event`, but waits no longer than the deadline, or until a stop."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def clear(self) -> None:
        self._is_set = False

    def wait(self) -> None:
        """:raises TimeoutError: when the deadline has come."""
        if not _wait(self._changed, self.is_set, _deadline.get() - time.monotonic()):
            raise TimeoutError


class Lock:
    """Like :class:`threading.Lock`, but waits no longer than the deadline."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """:raises TimeoutError: when the deadline has come."""
        left = _deadline.get() - time.monotonic()
        if not self._lock.acquire(timeout=min(max(0.0, left), threading.TIMEOUT_MAX)):
            raise TimeoutError

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()


class Task:
    """A function that runs in a thread of its own, which does not keep the process from ending."""

    def __init__(self, function: Callable[[], None], name: str) -> None:
        self._function = function
        self._name = name
        self.stopped = False
        self.waits_for: threading.Condition | None = None
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def tell_to_stop(self) -> None:
        self.stopped = True
        condition = self.waits_for
        if condition is not None:
            with condition:
                condition.notify_all()

    def _run(self) -> None:
        _task.set(self)
        try:
            self._function()
        except Stopped:
            pass
        except Exception:
            if not self.stopped:
                _log.exception("background task failed: %s", self._name)


def sleep(seconds: float) -> None:
    """Wait; a task that is told to stop ends here.

    :raises TimeoutError: when the deadline comes first.
    """
    left = _deadline.get() - time.monotonic()
    _wait(threading.Condition(), lambda: False, min(seconds, left))
    if left < seconds:
        raise TimeoutError


@contextmanager
def timeout(seconds: float) -> Iterator[None]:
    """Let nothing in the block wait longer than `seconds`, here; see above for what it can do.

    :raises TimeoutError: where something has waited too long.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, in which nothing waits for longer than `seconds`.

    :raises TimeoutError: something would have.
    """
    with timeout(seconds):
        return call()


def give_way() -> None:
    """Let others run: threads need not be asked."""


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what waits for something outside: it holds up nobody but the caller.

    Within a :func:`timeout` it is called in a thread, and left to itself when the deadline comes: a
    database that is frozen answers nobody. Such a thread does not keep the process from ending.

    :raises TimeoutError: when the deadline has come.
    """
    deadline = _deadline.get()
    if deadline == float("inf"):
        return function(*args, **kwargs)
    if not _outside.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise TimeoutError
    outcome: Future[T] = Future()
    context = copy_context()

    def call() -> None:
        try:
            outcome.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            outcome.set_exception(error)
        finally:
            _outside.release()

    threading.Thread(target=call, daemon=True).start()
    return outcome.result(max(0.0, deadline - time.monotonic()))


call_driver = run_blocking
"""Call a driver, which waits on a socket."""


def spawn(function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> Task:
    """Run `function` in the background. What it raises is logged; the task may be stopped."""
    name = getattr(function, "__qualname__", repr(function))
    task = Task(lambda: function(*args, **kwargs), name)
    task.thread.start()
    return task


def run(function: Callable[[], None]) -> None:
    """Run `function` in a process that does nothing else."""
    function()


def stop(*tasks: Task) -> None:
    """Tell background tasks to stop, and wait a little until they have ended."""
    for task in tasks:
        task.tell_to_stop()
    limit = time.monotonic() + STOP_SECONDS
    for task in tasks:
        if task.thread is not threading.current_thread():
            task.thread.join(max(0.0, limit - time.monotonic()))


def together(*calls: Callable[[], T]) -> list[T | BaseException]:
    """Run `calls` side by side; the results come in the same order, exceptions as values."""

    def outcome(call: Callable[[], T]) -> T | BaseException:
        try:
            return call()
        except Exception as error:
            return error

    if not calls:
        return []
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def client_address(environ: dict[str, Any]) -> str:
    """The client address of an Engine.IO request, as :class:`~.entry.Entry` has found it."""
    address: str = environ["REMOTE_ADDR"]
    return address


def _wait(condition: threading.Condition, ready: Callable[[], bool], seconds: float) -> bool:
    """Whether `ready` within `seconds`; `condition` tells of changes.

    :raises Stopped: if the current task is told to stop.
    """
    task = _task.get()
    with condition:
        if task is None:
            return condition.wait_for(ready, min(max(0.0, seconds), threading.TIMEOUT_MAX))
        task.waits_for = condition
        condition.wait_for(
            lambda: task.stopped or ready(), min(max(0.0, seconds), threading.TIMEOUT_MAX)
        )
        task.waits_for = None
        if task.stopped:
            raise Stopped
        return ready()
