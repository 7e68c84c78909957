"""One storm from beginning to end, and the reckoning."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from serving import free_port

from .client import Client
from .faults import Faults, Redis, Service, rage

PACKAGE = "realtime_service"
RATES = {f"APP_RATE_{name}": "100000/1s" for name in ("HANDSHAKE", "EVENTS", "MESSAGE", "HTTP")}
"""Limits that nobody runs into."""
CALM_SECONDS = 60.0
"""How long everything may take to be well again after the last harm."""


@dataclass(frozen=True)
class Storm:
    """:param seconds: of harm; the reckoning comes after that."""

    project: Path
    python: Path
    directory: Path
    clients: int
    rooms: int
    seconds: float
    processes: int = 1
    workers: int = 2
    pause: float = 0.1
    """Seconds between two messages of a client."""
    harm_pause: float = 1.5
    database_url: str | None = None
    """Else a SQLite file, if the project has a database."""

    @property
    def log(self) -> Path:
        """What the service writes."""
        return self.directory / "service.log"

    @property
    def has_database(self) -> bool:
        return (self.project / "migrations").is_dir()


@dataclass
class Report:
    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


async def weather(storm: Storm) -> Report:
    """Start everything, let it rage, let it calm down, and compare what everybody has."""
    secret = secrets.token_urlsafe(48)
    redis = Redis(storm.directory, free_port())
    redis.start()
    output = storm.log.open("wb")
    if storm.has_database:
        run = [str(storm.python), "-m", PACKAGE, "migrate"]
        env = environ(storm, 0, redis.url, secret)
        subprocess.run(run, env=env, cwd=storm.directory, stdout=output, check=True)
    service = Service(
        lambda port: _start(storm, port, redis.url, secret, output),
        [free_port() for _ in range(storm.processes)],
    )
    clients = [
        Client(f"user-{n}", token(secret, f"user-{n}"), f"room-{n % storm.rooms}", service.address)
        for n in range(storm.clients)
    ]
    living = [asyncio.create_task(client.live()) for client in clients]
    peak = 0
    try:
        async with asyncio.timeout(CALM_SECONDS):
            await asyncio.gather(*(client.caught_up() for client in clients))
        faults = Faults(service, redis, clients, loses_redis=storm.has_database)
        raging = asyncio.create_task(rage(faults, storm.seconds, storm.harm_pause))
        speaking = [asyncio.create_task(c.speak(raging.done, storm.pause)) for c in clients]
        while not raging.done():
            await asyncio.sleep(0.5)
            peak = max([peak, *(resident(pid) for pid in service.workers())])
        service.revive()
        calm = time.monotonic()
        async with asyncio.timeout(CALM_SECONDS):
            await asyncio.gather(*speaking)
            heads = await asyncio.gather(*(client.caught_up() for client in clients))
            recovered = time.monotonic() - calm
            while any(c.record.offset < h for c, h in zip(clients, heads, strict=True)):
                await asyncio.sleep(0.1)
        report = reckon(clients, storm.rooms)
        report.figures |= {
            "clients": storm.clients,
            "harm": dict(raging.result()),
            "well_again_seconds": round(recovered, 2),
            "peak_worker_mb": round(peak / 1e6),
        }
    finally:
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)
        service.stop()
        redis.kill()
        output.close()
    log = storm.log.read_text(errors="replace")
    report.figures["tracebacks"] = log.count("Traceback (most recent")
    report.figures["errors_logged"] = log.count('"level":"error"')
    if secret in log or "eyJ" in log:
        report.problems.append("a secret or a token is in the log")
    return report


def reckon(clients: list[Client], rooms: int) -> Report:
    """What was acknowledged has to be in everybody's sequence, once, at its offset."""
    report = Report()
    for number in range(rooms):
        members = clients[number::rooms]
        acknowledged = {i: o for c in members for i, o in c.record.acknowledged.items()}
        longest = min(members, key=lambda client: client.record.start).record
        truth = {longest.start + n + 1: i for n, i in enumerate(longest.ids)}
        for message_id, offset in acknowledged.items():
            if truth.get(offset) != message_id:
                report.problems.append(f"acknowledged and not at its offset: {message_id} {offset}")
        for client in members:
            record = client.record
            mine = {record.start + n + 1: i for n, i in enumerate(record.ids)}
            if any(truth.get(offset) != i for offset, i in mine.items()):
                report.problems.append(f"{client.user} has another sequence")
            if record.offset != longest.offset:
                report.problems.append(
                    f"{client.user} ends at {record.offset}, not {longest.offset}"
                )
            twice = [i for i, count in Counter(record.ids).items() if count > 1]
            if twice:
                report.problems.append(f"{client.user} has twice: {twice[:5]}")
            if record.unrecovered:
                report.problems.append(f"{client.user} was not given what it missed")
            if record.unanswered:
                report.problems.append(f"{client.user}: {record.unanswered} events unanswered")
            if record.repeated:
                report.problems.append(f"{client.user} was given {record.repeated} again")
    records = [client.record for client in clients]
    answers: Counter[str] = Counter()
    for record in records:
        answers.update(record.answers)
    report.figures = {
        "acknowledged": sum(len(record.acknowledged) for record in records),
        "received": sum(len(record.ids) for record in records),
        "longest_silence_seconds": round(max(record.silence for record in records), 2),
        "unanswered": sum(record.unanswered for record in records),
        "gaps_filled": sum(record.gaps for record in records),
        "refusals": dict(answers),
    }
    return report


def _start(
    storm: Storm, port: int, redis_url: str, secret: str, output: Any
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [storm.python, "-m", PACKAGE, "serve"],
        cwd=storm.directory,
        env=environ(storm, port, redis_url, secret),
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def environ(storm: Storm, port: int, redis_url: str, secret: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env.pop("DATABASE_URL", None)
    env |= {
        "PYTHONPATH": str(storm.project / "src"),
        "APP_ENV": "production",
        "APP_JWT_SECRET": secret,
        "APP_HISTORY_SIZE": "100000",
        "APP_MAX_SEND_BYTES": "16000000",
        "APP_MAX_CONNECTIONS_PER_IP": "10000",
        "APP_DRAIN_SECONDS": "5",
        "REDIS_URL": redis_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(storm.workers),
        **RATES,
    }
    if storm.has_database:
        file = f"sqlite:///{storm.directory}/messages.sqlite3"
        env["DATABASE_URL"] = storm.database_url or file
    return env


def token(secret: str, user: str, scope: str = "chat") -> str:
    now = int(time.time())
    claims = {"sub": user, "scope": scope, "aud": PACKAGE, "iss": PACKAGE}
    return jwt.encode({**claims, "iat": now, "exp": now + 86400}, secret, algorithm="HS256")


def resident(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
