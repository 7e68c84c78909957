"""What is asked of the hosts and of nginx from outside while something happens."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time

import httpx
import socketio

from .crowd import Aboard
from .landscape import HOSTS, Landscape

POLL_SECONDS = 0.25
LONG_SECONDS = 100.0


class Watch:
    """Asks from aboard each host how it is, and from aboard the clients how nginx answers."""

    def __init__(self, place: Landscape, clients: Aboard) -> None:
        self._place = place
        self._clients = clients
        self.ready: dict[str, list[tuple[float, int]]] = {name: [] for name in HOSTS}
        """When, and the status of ``/readyz``."""
        self.asked: list[tuple[float, float, int]] = []
        """When nginx was asked, how many seconds it took, and the status; 0: none."""
        self.ticks: list[tuple[float, str, str]] = []
        """When one came, its symbol and its time."""
        self._aboard = {name: Aboard(place.network, name) for name in HOSTS}
        for name, aboard in self._aboard.items():
            aboard.start(self._ask_whether_ready(name))
        clients.start(self._ask_nginx())

    def status(self, name: str) -> int:
        return self.ready[name][-1][1] if self.ready[name] else 0

    def changed(self, name: str, since: float, status: int) -> float | None:
        """When a host first answered so."""
        moments = (at for at, answer in self.ready[name] if at > since and answer == status)
        return next(moments, None)

    def follow_feed(self, host: str) -> None:
        async def follow() -> None:
            client = socketio.AsyncClient(reconnection=False)
            client.on("ticks", self._on_ticks, namespace="/feed")
            token = self._place.token("watcher", "feed:read")
            await client.connect(
                self._place.direct(host),
                auth={"token": token},
                namespaces=["/feed"],
                transports=["websocket"],
            )
            symbols = ["ACME", "BOLT", "CRUX", "DUNE", "ECHO"]
            answer = await client.call("subscribe", {"symbols": symbols}, namespace="/feed")
            assert answer["ok"], answer

        self._clients.do(follow())

    def ask_too_often(self, times: int) -> list[int]:
        """The statuses of requests whose limit all hosts count together."""

        async def ask() -> list[int]:
            bearer = {"Authorization": f"Bearer {self._place.token('eager')}"}
            url = f"{self._place.url}/api/v1/rooms/lobby/messages?limit=1"
            async with httpx.AsyncClient(timeout=LONG_SECONDS, headers=bearer) as client:
                return [(await client.get(url)).status_code for _ in range(times)]

        found: list[int] = self._clients.do(ask(), LONG_SECONDS)
        return found

    def revoke(self, host: str, user: str) -> None:
        async def ask() -> int:
            bearer = {"Authorization": f"Bearer {self._place.token('root', 'admin')}"}
            url = f"{self._place.direct(host)}/api/v1/tokens/revoke"
            async with httpx.AsyncClient(timeout=10, headers=bearer) as client:
                return (await client.post(url, json={"sub": user})).status_code

        assert self._clients.do(ask()) < 300

    def connections(self) -> dict[str, float]:
        """Of each host, by its metrics."""

        async def ask() -> dict[str, float]:
            found = {}
            async with httpx.AsyncClient(timeout=10) as client:
                for name in HOSTS:
                    text = (await client.get(f"{self._place.direct(name)}/metrics")).text
                    counts = re.findall(r"^socketio_connections{.*} (\S+)$", text, re.MULTILINE)
                    found[name] = sum(map(float, counts))
            return found

        found: dict[str, float] = self._clients.do(ask())
        return found

    def close(self) -> None:
        for aboard in self._aboard.values():
            aboard.close()

    async def _on_ticks(self, notice: dict[str, list[dict[str, str]]]) -> None:
        now = time.time()
        self.ticks += [(now, tick["symbol"], tick["at"]) for tick in notice["ticks"]]

    async def _ask_whether_ready(self, name: str) -> None:
        url = f"{self._place.direct(name)}/readyz"
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                status = 0
                with contextlib.suppress(httpx.HTTPError):
                    status = (await client.get(url)).status_code
                self.ready[name].append((time.time(), status))
                await asyncio.sleep(POLL_SECONDS)

    async def _ask_nginx(self) -> None:
        url = f"{self._place.url}/healthz"
        asking: set[asyncio.Task[None]] = set()

        async def ask() -> None:
            begun, status = time.time(), 0
            async with httpx.AsyncClient(timeout=LONG_SECONDS) as client:
                with contextlib.suppress(httpx.HTTPError):
                    status = (await client.get(url)).status_code
            self.asked.append((begun, time.time() - begun, status))

        # a host that does not listen yet would be left out by nginx for ten seconds
        while not all(self.status(name) == 200 for name in HOSTS):
            await asyncio.sleep(POLL_SECONDS)
        while True:
            task = asyncio.create_task(ask())
            asking.add(task)
            task.add_done_callback(asking.discard)
            await asyncio.sleep(POLL_SECONDS)
