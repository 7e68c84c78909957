"""The primary is killed while people talk: its replica takes over, by Sentinel."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
import time

import httpx
from serving import free_port

from .client import Client
from .faults import Service
from .run import CALM_SECONDS, PACKAGE, Report, Storm, environ, reckon, token
from .sentinels import Sentinels, sentinels

TALK_SECONDS = 2.0
"""Before the primary is killed, and after the service is ready again."""


class Counted(Client):
    """Knows how often it had to connect."""

    sessions = 0

    async def _session(self) -> None:
        self.sessions += 1
        await super()._session()


async def fail_over(storm: Storm) -> Report:
    """Let them talk, kill the primary, let them go on, and compare what everybody has."""
    secret = secrets.token_urlsafe(48)
    with contextlib.ExitStack() as stack:
        servers = stack.enter_context(sentinels(storm.directory))
        output = stack.enter_context(storm.log.open("wb"))
        port = free_port()
        service = Service(
            lambda port: subprocess.Popen(
                [storm.python, "-m", PACKAGE, "serve"],
                cwd=storm.directory,
                env=environ(storm, port, servers.url, secret),
                stdout=output,
                stderr=subprocess.STDOUT,
            ),
            [port],
        )
        stack.callback(service.stop)
        clients = [
            Counted(f"u{n}", token(secret, f"u{n}"), f"room-{n % storm.rooms}", service.address)
            for n in range(storm.clients)
        ]
        living = [asyncio.create_task(client.live()) for client in clients]
        try:
            return await _watch(storm, servers, clients, f"http://127.0.0.1:{port}/readyz")
        finally:
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)


async def _watch(storm: Storm, servers: Sentinels, clients: list[Counted], readyz: str) -> Report:
    async with asyncio.timeout(CALM_SECONDS):
        await asyncio.gather(*(client.caught_up() for client in clients))
    before = [client.sessions for client in clients]
    enough = asyncio.Event()
    speaking = [asyncio.create_task(c.speak(enough.is_set, storm.pause)) for c in clients]
    await asyncio.sleep(TALK_SECONDS)
    killed = await asyncio.to_thread(servers.kill_primary)
    async with asyncio.timeout(CALM_SECONDS):
        red = await _until(readyz, 503) - killed
        green = await _until(readyz, 200) - killed
        await asyncio.sleep(TALK_SECONDS)
        enough.set()
        await asyncio.gather(*speaking)
        heads = await asyncio.gather(*(client.caught_up() for client in clients))
        while any(c.record.offset < h for c, h in zip(clients, heads, strict=True)):
            await asyncio.sleep(0.1)
    report = reckon([*clients], storm.rooms)
    report.figures |= {
        "unready_seconds": round(red, 2),
        "ready_again_seconds": round(green, 2),
        "connections_lost": sum(c.sessions for c in clients) - sum(before),
        "tracebacks": storm.log.read_text(errors="replace").count("Traceback (most recent"),
    }
    return report


async def _until(readyz: str, status: int) -> float:
    async with httpx.AsyncClient(timeout=5) as http:
        while (await http.get(readyz)).status_code != status:
            await asyncio.sleep(0.05)
    return time.monotonic()
