"""Slow readers beside a thousand others, by hand::

    python -m storm.slow PROJECT --readers 1000

All are in one room; two of them are also in another, in which much more is said. For some time
these two read like everybody, then one stops reading, and the other reads nothing but answers
pings: only they fall behind. Printed, each for both times: what the others received, how late, and
the memory of the worker. PROJECT runs on its stores in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from serving import START_SECONDS, STOP_SECONDS, free_port

from .crowd import Reader, enter
from .run import PACKAGE, RATES, resident, token

ROOM, NOISY = "all", "noisy"
NOISE_SECONDS = 0.01
"""Between two messages of 4,000 characters in the noisy room."""
AT_ONCE = 20
"""Clients that connect at the same time."""
PATIENCE = 30.0
"""Seconds the last messages may take."""


@dataclass
class Phase:
    """What the readers heard in one phase."""

    sent: int = 0
    delays: list[float] = field(default_factory=list)
    """Seconds from sending to each reader."""

    def heard(self, payload: bytes) -> None:
        at = payload.index(b'"text":"') + 8
        self.delays.append(time.monotonic() - float(payload[at : payload.index(b" ", at)]))

    def quantile(self, share: float) -> float:
        delays = sorted(self.delays)
        return delays[min(len(delays) - 1, int(share * len(delays)))]


class Trial:
    """One service, its readers, and one who speaks.

    :param options: of the command line.
    """

    def __init__(self, options: argparse.Namespace, port: int, secret: str, pid: int) -> None:
        self._options = options
        self._port = port
        self._secret = secret
        self._pid = pid
        self._phase = Phase()
        self._number = 0
        self._peak = 0

    async def run(self) -> dict[str, Any]:
        readers: list[Reader] = []
        for start in range(0, self._options.readers, AT_ONCE):
            names = range(start, min(start + AT_ONCE, self._options.readers))
            readers += await asyncio.gather(*(self._enter(f"reader-{n}") for n in names))
        deaf = await self._enter("deaf", little=True)
        stubborn = await self._enter("stubborn", little=True)
        for slow in (deaf, stubborn):
            slow.send('42/chat,2["join",' + json.dumps({"room": NOISY}) + "]")
        mine = token(self._secret, "noise")
        noise = await enter(self._port, mine, NOISY, lambda _: None)
        noising = asyncio.create_task(self._make_noise(noise))
        await self._speak(readers, self._options.seconds / 4)  # caches fill
        without = await self._speak(readers, self._options.seconds)
        before = self._peak
        for slow in (deaf, stubborn):
            slow.transport.pause_reading()
        answering = asyncio.create_task(self._answer_pings(stubborn))
        beside = await self._speak(readers, self._options.seconds)
        for task in (answering, noising):
            task.cancel()
        for slow in (deaf, stubborn):
            slow.transport.resume_reading()
            async with asyncio.timeout(PATIENCE):
                await slow.ended
        return {
            "readers": len(readers),
            "all_received": all(len(p.delays) == p.sent * len(readers) for p in (without, beside)),
            "messages": [without.sent, beside.sent],
            "p50_ms": [round(p.quantile(0.5) * 1000, 1) for p in (without, beside)],
            "p99_ms": [round(p.quantile(0.99) * 1000, 1) for p in (without, beside)],
            "p99_ratio": round(beside.quantile(0.99) / without.quantile(0.99), 2),
            "worker_mb": [round(size / 1e6, 1) for size in (before, self._peak)],
            "others_connected": sum(not reader.ended.done() for reader in readers),
        }

    async def _enter(self, user: str, *, little: bool = False) -> Reader:
        def heard(payload: bytes) -> None:
            if not little:
                self._phase.heard(payload)

        mine = token(self._secret, user)
        return await enter(self._port, mine, ROOM, heard, little=little)

    async def _speak(self, readers: list[Reader], seconds: float) -> Phase:
        """Let the first reader send at an even pace, and wait until all have heard everything."""
        phase = self._phase = Phase()
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            self._number += 1
            phase.sent += 1
            text = f"{time.monotonic():.6f} ".ljust(self._options.size, "x")
            event = ["message", {"room": ROOM, "text": text, "id": f"m{self._number}"}]
            readers[0].send(f"42/chat,{self._number + 1}" + json.dumps(event))
            self._peak = max(self._peak, resident(self._pid))
            due = began + phase.sent / self._options.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        deadline = time.monotonic() + PATIENCE
        while len(phase.delays) < phase.sent * len(readers) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return phase

    async def _make_noise(self, speaker: Reader) -> None:
        for number in count(2):
            event = ["message", {"room": NOISY, "text": "x" * 4000, "id": f"n{number}"}]
            speaker.send(f"42/chat,{number}" + json.dumps(event))
            await asyncio.sleep(NOISE_SECONDS)

    async def _answer_pings(self, reader: Reader) -> None:
        while True:
            reader.pong()
            await asyncio.sleep(1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--python", type=Path, help="else the project's own .venv/bin/python")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=5.0, help="messages a second")
    parser.add_argument("--size", type=int, default=2000, help="characters of a message")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each phase")
    options = parser.parse_args()
    print(json.dumps(measure(options), indent=2))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    port, secret = free_port(), secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("APP_", "DATABASE_"))},
            "PYTHONPATH": str(options.project.resolve() / "src"),
            "APP_ENV": "test",
            "APP_JWT_SECRET": secret,
            "APP_LOG_FORMAT": "json",
            "APP_MAX_CONNECTIONS": str(options.readers + 10),
            "APP_MAX_CONNECTIONS_PER_IP": "100000",
            "APP_MAX_SEND_SECONDS": "5",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            **RATES,
        }
        env.pop("REDIS_URL", None)
        serve = [options.python or options.project.resolve() / ".venv/bin/python", "-m", PACKAGE]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*serve, "serve"], env=env, cwd=name, stdout=output, stderr=output
            )
        try:
            figures = asyncio.run(Trial(options, port, secret, _serving(process, port)).run())
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
        said = log.read_text()
        return figures | {
            "hung_up_on": said.count("reads too slowly"),
            "tracebacks": said.count("Traceback (most recent"),
        }


def _serving(process: subprocess.Popen[bytes], port: int) -> int:
    """The process that serves, as soon as it does: gunicorn's child, or `process` itself."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "it does not serve"
            time.sleep(0.2)
        else:
            break
    time.sleep(1.0)
    done = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
    )
    return int(next(iter(done.stdout.split()), process.pid))


if __name__ == "__main__":
    main()
