"""Waiting until something has happened, for as long as a busy machine may take."""

import time
from collections.abc import Callable

from {{cookiecutter.package_name}}.runtime.mode import sleep

DEADLINE = 30.0


def eventually(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Wait until `condition` holds, in another process; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `condition` holds, in this process, where others run meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await sleep(0.01)
