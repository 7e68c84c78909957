"""Drives one server with the load generator."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .figures import Sample
from .machine import cores, pinned
from .servers import Server
from .works import Work

TIMEOUT = 90.0
CLEARING_SECONDS = 30.0
"""For a server that thousands have left at once."""


class Failed(Exception):
    """The server did not stand the work, or the load generator could not do it."""


@dataclass(frozen=True)
class Duration:
    """Seconds before and while something is measured."""

    warm: float
    measured: float


def measure(load: Path, server: Server, work: Work, duration: Duration) -> Sample:
    """Do `work` to `server` once.

    :raises Failed: if it does not get through.
    """
    options = ("--warm", str(duration.warm), "--seconds", str(duration.measured))
    with ExitStack() as stack:
        if work.connected:
            stack.callback(settle, server, CLEARING_SECONDS)  # or it would disturb the next one
            stack.enter_context(idle_clients(load, server, work.connected, "/"))
            settle(server)
        try:
            done = subprocess.run(
                [*_command(load, server, work.options), *options],
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"not done after {TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        raise Failed(done.stderr.strip()[-300:])
    sample = Sample(**json.loads(done.stdout))
    if not sample.work:
        raise Failed("nothing came back")
    return sample


@contextmanager
def idle_clients(load: Path, server: Server, clients: int, namespace: str) -> Iterator[None]:
    """Clients that are connected and silent, but for pings.

    :raises Failed: if they cannot all connect.
    """
    options = ("idle", "--namespace", namespace, "--clients", str(clients))
    with subprocess.Popen(
        _command(load, server, options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], TIMEOUT)
            if not ready or not process.stdout.readline():
                process.kill()
                raise Failed(process.communicate()[1].strip()[-300:] or "not all connected")
            yield
        finally:
            process.kill()


def together_seconds(load: Path, server: Server, clients: int, path: str) -> float:
    """How long it takes to answer one request of each of `clients`, sent at once."""
    options = ("http", "--clients", str(clients), "--requests", "1", "--path", path)
    done = subprocess.run(
        _command(load, server, options), capture_output=True, text=True, timeout=TIMEOUT
    )
    if done.returncode != 0:
        raise Failed(done.stderr.strip()[-300:])
    found: dict[str, Any] = json.loads(done.stdout)
    if found["work"] != clients:
        raise Failed(f"only {found['work']} of {clients} were answered")
    return float(found["seconds"])


def settle(server: Server, seconds: float = 5.0) -> None:
    """Wait until `server` has forgotten the clients before: until it is at rest."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = server.cpu_seconds()
        time.sleep(0.25)
        if server.cpu_seconds() - before <= 0.02:
            return


def _command(load: Path, server: Server, options: tuple[str, ...]) -> list[str | Path]:
    words = ["--port", str(server.serving.port), "--pids", ",".join(map(str, server.pids()))]
    words += ["--token", server.token()]
    if server.serving.app == "raw":
        words += ["--raw", "1"]
    return [*pinned(cores()[1]), load, options[0], *words, *options[1:]]
