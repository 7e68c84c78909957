"""What the suites' tests need of a server and of its clients."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from tempfile import TemporaryFile
from typing import Any, Self

import httpx
import msgspec
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ..support.ports import free_port
from ..support.service import START_TIMEOUT

INTERVAL = 1.0
TIMEOUT = 2.0
CONNECT_TIMEOUT = 5.0
"""Longer than three pings on a busy machine: who answers them has said nothing else."""
PATIENCE = 10.0
"""Seconds within which what is waited for has to come."""


@dataclass
class Socket:
    """A WebSocket of the client, which answers pings only where it waits for something else."""

    raw: ClientConnection

    def send(self, *messages: str | bytes) -> None:
        for message in messages:
            self.raw.send(message)

    def next(self, *, or_ping: bool = False) -> str | bytes:
        while (found := self.raw.recv(timeout=PATIENCE)) == "2" and not or_ping:
            self.send("3")
        return found

    def expect(self, *messages: str | bytes) -> None:
        for message in messages:
            assert self.next(or_ping=message == "2") == message

    def skip(self, count: int = 1) -> None:
        for _ in range(count):
            self.next()

    def answer_pings(self) -> None:
        """Be there until the server closes."""
        with suppress(ConnectionClosed):
            while True:
                self.next()

    def until_closed(self, seconds: float = PATIENCE) -> list[str | bytes]:
        """What comes until the server closes."""
        until = time.monotonic() + seconds
        found: list[str | bytes] = []
        with suppress(ConnectionClosed):
            while True:
                found.append(self.raw.recv(timeout=max(0.0, until - time.monotonic())))
        return found


@dataclass
class Target:
    """A running server; `path` is where its Engine.IO is."""

    port: int
    path: str

    @property
    def polling(self) -> str:
        return self.url("EIO=4&transport=polling")

    def url(self, query: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}?{query}"

    @contextmanager
    def socket(self, query: str = "EIO=4&transport=websocket") -> Iterator[Socket]:
        address = f"ws://127.0.0.1:{self.port}{self.path}?{query}"
        with connect(address, ping_interval=None, close_timeout=1) as raw:
            yield Socket(raw)

    def refuses(self, query: str) -> int:
        """The status with which a WebSocket is refused."""
        try:
            with self.socket(query):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code


class Poller:
    """A client on polling. Each request has a connection of its own, as browsers may do it."""

    def __init__(self, target: Target, sid: str) -> None:
        self.sid = sid
        self.upgrade = f"EIO=4&transport=websocket&sid={sid}"
        self._target = target
        self._url = f"{target.polling}&sid={sid}"

    @classmethod
    def open(cls, target: Target) -> Self:
        opened = httpx.get(target.polling, timeout=PATIENCE)
        assert opened.status_code == 200
        return cls(target, msgspec.json.decode(opened.text[1:])["sid"])

    def poll(self, expected: str | None = None, extra: str = "") -> httpx.Response:
        answer = httpx.get(self._url + extra, timeout=PATIENCE)
        if expected is not None:
            while answer.text == "2" != expected:
                self.push("3")
                answer = httpx.get(self._url + extra, timeout=PATIENCE)
            assert (answer.status_code, answer.text) == (200, expected)
        return answer

    def is_pinged(self) -> None:
        """What comes next but for what ends a poll is a ping: the session is still on polling."""
        while (answer := self.poll()).text == "6":
            pass
        assert answer.text == "2"

    def push(self, payload: str) -> httpx.Response:
        return httpx.post(self._url, content=payload, timeout=PATIENCE)

    @contextmanager
    def waiting_poll(self) -> Iterator["WaitingPoll"]:
        """A poll that is under way for as long as nothing comes, and at most in the block."""
        connection = HTTPConnection("127.0.0.1", self._target.port, timeout=PATIENCE)
        try:
            connection.request("GET", self._url.partition(str(self._target.port))[2])
            time.sleep(0.05)  # until it has arrived
            yield WaitingPoll(connection)
        finally:
            connection.close()


@dataclass
class WaitingPoll:
    connection: HTTPConnection

    def expect(self, payload: str) -> None:
        answer = self.connection.getresponse()
        assert (answer.status, answer.read().decode()) == (200, payload)


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
    """A server of its own, or the one at ``CONFORMANCE_PORT`` (of another make, to compare).

    Nothing that clients do may be a failure in the log of the service's own.
    """
    path = "/engine.io/" if flavour == "eio" else "/socket.io/"
    if given := os.environ.get("CONFORMANCE_PORT"):
        yield Target(int(given), path)
        return
    target = Target(free_port(), path)
    command = [sys.executable, "-m", f"{__package__}.server"]
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, "--port", str(target.port), "--flavour", flavour],
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "APP_ENGINE": engine,
                "APP_PING_TIMEOUT": f"{TIMEOUT:.0f}",
                "APP_CONNECT_TIMEOUT": str(CONNECT_TIMEOUT),
            },
        )
        try:
            _wait_until_live(target, process)
            yield target
        finally:
            process.terminate()
            process.wait(10)
            log.seek(0)
            sys.stderr.write(output := log.read())
        assert "Traceback" not in output


def _wait_until_live(target: Target, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < until:
        with suppress(httpx.TransportError):
            httpx.get(target.url(""), timeout=1)
            return
        time.sleep(0.05)
    raise AssertionError("the conformance server did not start")
