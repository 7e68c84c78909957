"""What the suites' tests need of a server and of its clients."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx
import msgspec
import websockets

from ..support.service import START_TIMEOUT, free_port

INTERVAL = 1.0
TIMEOUT = 1.0
PATIENCE = 6.0
"""Seconds within which what is waited for has to come."""


@dataclass
class Socket:
    """A WebSocket of the client; Engine.IO's packets are answered by the tests alone."""

    raw: websockets.ClientConnection

    async def send(self, *messages: str | bytes) -> None:
        for message in messages:
            await self.raw.send(message)

    async def next(self) -> str | bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.raw.recv()

    async def expect(self, *messages: str | bytes) -> None:
        for message in messages:
            assert await self.next() == message

    async def skip(self, count: int = 1) -> None:
        for _ in range(count):
            await self.next()

    async def until_closed(self) -> list[str | bytes]:
        """What comes until the server closes."""
        found: list[str | bytes] = []
        async with asyncio.timeout(PATIENCE):
            with suppress(websockets.ConnectionClosed):
                while True:
                    found.append(await self.raw.recv())
        return found


@dataclass
class Target:
    """A running server; `path` is where its Engine.IO is."""

    port: int
    path: str

    @property
    def polling(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}?EIO=4&transport=polling"

    def url(self, query: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}?{query}"

    @asynccontextmanager
    async def socket(self, query: str = "EIO=4&transport=websocket") -> AsyncIterator[Socket]:
        address = f"ws://127.0.0.1:{self.port}{self.path}?{query}"
        async with websockets.connect(address, ping_interval=None, close_timeout=1) as raw:
            yield Socket(raw)

    async def refuses(self, query: str) -> bool:
        """Whether a WebSocket is not opened, or closed at once."""
        try:
            async with self.socket(query) as socket:
                await socket.until_closed()
        except (websockets.InvalidStatus, OSError):
            pass
        return True


class Poller:
    """A client on polling. Each request has a connection of its own, as browsers may do it."""

    def __init__(self, target: Target, sid: str) -> None:
        self.sid = sid
        self.url = f"{target.polling}&sid={sid}"

    @classmethod
    async def open(cls, target: Target) -> Self:
        opened = await get(target.polling)
        assert opened.status_code == 200
        return cls(target, msgspec.json.decode(opened.text[1:])["sid"])

    async def poll(self, expected: str | None = None, extra: str = "") -> httpx.Response:
        answer = await get(self.url + extra)
        if expected is not None:
            assert (answer.status_code, answer.text) == (200, expected)
        return answer

    async def push(self, payload: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(self.url, content=payload, timeout=PATIENCE)


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url, timeout=PATIENCE)


def handshake(text: str | bytes) -> dict[str, Any]:
    """The data of an OPEN packet."""
    assert isinstance(text, str)
    assert text[0] == "0"
    value: dict[str, Any] = msgspec.json.decode(text[1:])
    assert value.keys() == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert isinstance(value["sid"], str)
    assert value["pingInterval"] == INTERVAL * 1000
    assert value["pingTimeout"] == TIMEOUT * 1000
    assert value["maxPayload"] == 1_000_000
    return value


@contextmanager
def running_target(flavour: str, engine: str) -> Iterator[Target]:
    """A server of its own, or the one at ``CONFORMANCE_PORT`` (of another make, to compare)."""
    path = "/engine.io/" if flavour == "eio" else "/socket.io/"
    if given := os.environ.get("CONFORMANCE_PORT"):
        yield Target(int(given), path)
        return
    target = Target(free_port(), path)
    command = [sys.executable, "-m", f"{__package__}.server"]
    process = subprocess.Popen(
        [*command, "--port", str(target.port), "--flavour", flavour],
        env={**os.environ, "APP_ENGINE": engine},
    )
    try:
        _wait_until_live(target, process)
        yield target
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_live(target: Target, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < until:
        with suppress(httpx.TransportError):
            httpx.get(target.url(""), timeout=1)
            return
        time.sleep(0.05)
    raise AssertionError("the conformance server did not start")
