"""What this service costs on this machine: ``make bench``.

One process under its production command, and clients of this process that wait for each answer.
They are slower than the service, so what counts is its CPU, not the clock. Little is done together
in this way; under load each costs less. With `REDIS_URL` set the service uses that Redis.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import quantiles

import httpx

from .support.client import Client, joined
from .support.service import Service, running_service

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
TEXT = "the quick brown fox jumps over the lazy dog"
HALL = "hall"


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each kind of work")
    parser.add_argument("--clients", type=int, default=50)
    options = parser.parse_args(words)
    if not PROC.is_dir():
        sys.exit("make bench: a process's CPU and memory are read from /proc, which is not here")
    env = {"APP_LOG_LEVEL": "warning", "APP_MAX_CONNECTIONS_PER_IP": str(2 * options.clients)}
    if "REDIS_URL" in os.environ:
        env["REDIS_URL"] = os.environ["REDIS_URL"]
    with running_service(env) as service:
        for line in measure(service, options.clients, options.seconds):
            print(line, flush=True)


Call = Callable[[int], None]


def measure(service: Service, count: int, seconds: float) -> Iterator[str]:
    """A line for each kind of work: what one costs, and how many a second of CPU are.

    :param count: of clients.
    """
    pid = service.process.pid
    with joined(service.url, service.token("warm"), "warm") as warm, ExitStack() as stack:
        for number in range(100):
            say(warm, "warm", number)
        cpu, memory = cpu_seconds(pid), resident(pid)
        rooms = [f"room-{number}" for number in range(count)]
        clients = [
            stack.enter_context(joined(service.url, service.token(f"user-{room}"), room))
            for room in rooms
        ]
        yield row("handshake and join", (cpu_seconds(pid) - cpu) / count)
        yield f"{'connection':22}{(resident(pid) - memory) / count / 1000:8.1f} KB"

        calls: list[Call] = [
            partial(say, client, room) for client, room in zip(clients, rooms, strict=True)
        ]
        message, took = cost(pid, calls, seconds)
        yield row("message", message, took)

        for client in clients:
            assert client.call("join", {"room": HALL})["ok"]
        told, took = cost(pid, [partial(say, clients[0], HALL)], seconds)
        yield row("delivery to another", max(0.0, told - message) / (count - 1), took)

        bearer = {"Authorization": f"Bearer {service.token('user')}"}
        http = stack.enter_context(httpx.Client(base_url=service.url, headers=bearer))
        requested, took = cost(pid, [lambda number: ask(http)], seconds)
        yield row("HTTP request", requested, took)


def say(client: Client, room: str, number: int) -> None:
    ack = client.call("message", {"room": room, "text": TEXT, "id": f"{number}"})
    assert ack["ok"], ack


def ask(http: httpx.Client) -> None:
    http.get("/api/v1/rooms/warm/messages", params={"limit": 1}).raise_for_status()


def cost(pid: int, calls: list[Call], seconds: float) -> tuple[float, list[float]]:
    """CPU seconds that one costs the service, and how long each took; `calls` run side by side."""
    cpu, end = cpu_seconds(pid), time.monotonic() + seconds

    def repeat(call: Call) -> list[float]:
        took: list[float] = []
        while (began := time.monotonic()) < end:
            call(len(took))
            took.append(time.monotonic() - began)
        return took

    with ThreadPoolExecutor(len(calls)) as pool:
        took = [one for each in pool.map(repeat, calls) for one in each]
    return (cpu_seconds(pid) - cpu) / len(took), took


def row(what: str, cpu: float, took: list[float] | None = None) -> str:
    text = f"{what:22}{cpu * 1e6:8.0f} µs of CPU"
    text += f"{1 / cpu:12,.0f} a second of it" if cpu else f"{'too little to tell':>27}"
    if took and len(took) > 1:
        cuts = quantiles(took, n=100)
        text += f"   p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms"
    return text


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for file in PROC.glob("[0-9]*/stat"):
        try:
            parent = int(_fields(file)[1])
        except OSError:  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(file.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds(pid: int) -> float:
    ticks = [_fields(PROC / str(one) / "stat")[11:13] for one in family(pid)]
    return sum(int(user) + int(system) for user, system in ticks) / TICKS


def resident(pid: int) -> int:
    """Bytes; what processes share counts once."""
    texts = [(PROC / str(one) / "smaps_rollup").read_text() for one in family(pid)]
    lines = [line.split() for text in texts for line in text.splitlines()]
    return sum(1024 * int(line[1]) for line in lines if line[0] == "Pss:")


def _fields(stat: Path) -> list[str]:
    """What stands behind the name, which may have blanks and brackets."""
    return stat.read_text().rpartition(") ")[2].split()


if __name__ == "__main__":
    main()
