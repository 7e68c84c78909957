"""The direct server in this process, on pairs of sockets: tests can look into its tables."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import pytest
import socketio
from flask import Flask

from {{cookiecutter.package_name}}.runtime import mode, websocket
from {{cookiecutter.package_name}}.runtime.backlog import Policies, Policy
from {{cookiecutter.package_name}}.runtime.direct.realtime import DirectServer
from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.wsgi import WSGIApp

from ....support.waiting import until
from ....support.websocket_peer import CLOSE, HANDSHAKE, TEXT, Peer


class Lab(socketio.Namespace):  # type: ignore[misc]
    """Handlers that show in which order things happen."""

    policies: ClassVar[Policies] = {
        ("/", "newest"): Policy("coalesce"),
        ("/", "spare"): Policy("drop_oldest"),
    }

    def __init__(self) -> None:
        super().__init__("/")
        self.at_once = self.most_at_once = 0
        self.handled: list[Any] = []
        self.left = self.filled = 0
        self.seconds_to_leave = 0.0

    def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> Any:
        if auth == "refuse":
            return False
        self.enter_room(sid, "everyone")
        return None

    def on_disconnect(self, sid: str, reason: str) -> None:
        mode.sleep(self.seconds_to_leave)
        self.left += 1

    def on_order(self, sid: str, number: int) -> str:
        self.emit("direct", number, to=sid)
        self.emit("room", number, room="everyone")
        self.emit("direct again", number, to=sid)
        return "done"

    def on_wait(self, sid: str, number: int, seconds: float) -> int:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        mode.sleep(seconds)
        self.at_once -= 1
        self.handled.append(number)
        return number

    def on_bytes(self, sid: str, content: bytes) -> bytes:
        self.emit("bytes", content, room="everyone")
        return content

    def on_unsendable(self, sid: str) -> object:
        return object()

    def on_fail(self, sid: str) -> None:
        raise RuntimeError("on purpose")

    def on_flood(self, sid: str, times: int, size: int) -> None:
        for _ in range(times):
            self.emit("flood", "x" * size, room="everyone")

    def on_many(self, sid: str, event: str, times: int, size: int) -> None:
        for number in range(times):
            self.emit(event, (number, "x" * size), to=sid)

    def on_fill(self, sid: str) -> None:
        """Emit until some of it has to wait for the only client."""
        [session] = self.server.eio.sockets.values()
        self.filled = 0
        while len(session.queue.backlog) < 3:
            self.emit("fill", (self.filled, "x" * 100_000), to=sid)
            self.filled += 1


class Client(Peer):
    """A client of Socket.IO at the level of frames."""

    def say(self, text: str) -> None:
        self.send(TEXT, text.encode())

    def hear(self) -> str:
        """The next message; empty when the connection is closed."""
        opcode, payload = self.frame()
        return "" if opcode == CLOSE else payload.decode()

    def following(self, count: int) -> list[str]:
        return [self.hear() for _ in range(count)]

    def is_hung_up_on(self) -> bool:
        """Read what is left."""
        with suppress(EOFError, ConnectionError):
            while self.hear():
                pass
        return True


class Direct:
    def __init__(self, ping_interval: int = 25, ping_timeout: int = 20) -> None:
        self.server = DirectServer(
            client_manager=socketio.Manager(),
            address_of=mode.client_address,
            allowed_origins=[],
            transports=["websocket"],
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_message_bytes=65536,
            max_send_bytes=1 << 20,
            max_send_seconds=30,
            connect_timeout=10,
            max_connections=1000,
            max_connections_per_ip=1000,
        )
        self.lab = Lab()
        self.server.register_namespace(self.lab)
        self.tasks = [mode.spawn(self.server.watch)]
        self.app: WSGIApp
        self._opened: list[socket.socket] = []

    def opened(self, **environ: str) -> Client:
        here, there = socket.socketpair()
        self._opened += [here, there]
        request = {
            **HANDSHAKE,
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/socket.io/",
            "QUERY_STRING": "EIO=4&transport=websocket",
            "HTTP_UPGRADE": "websocket",
            "HTTP_CONNECTION": "Upgrade",
            "REMOTE_ADDR": "192.0.2.7",
            **environ,
            "connection of the test": there,
        }
        self.tasks.append(mode.spawn(self._serve, request))
        client = Client(here)
        assert client.answer().startswith(b"HTTP/1.1 101 ")
        assert client.hear().startswith("0{")
        return client

    def client(self) -> Client:
        client = self.opened()
        client.say("40")
        assert client.hear().startswith("40{")
        return client

    def residue(self) -> dict[str, int]:
        """How much every table holds that grows with connections."""
        server, engine, manager = self.server, self.server.eio, self.server.manager
        tables = {
            "sockets": engine.sockets,
            "wheel": engine._async["websocket"].args[0],
            "environ": server.environ,
            "rooms": manager.rooms,
            "held": manager._held,
            "joined": manager._joined,
            "callbacks": manager.callbacks,
            "pending": {**manager.pending_connect, **manager.pending_disconnect},
            "addresses": server._connections.addresses,
            "per address": server._connections.per_address,
            "deadlines": server._connections.deadlines,
            "binary": server._binary_packet,
        }
        return {name: len(table) for name, table in tables.items() if len(table)}

    def end(self) -> None:
        for end in self._opened:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        until(lambda: not self.residue())
        mode.stop(*self.tasks)
        for end in self._opened:
            end.close()

    def _serve(self, environ: dict[str, Any]) -> None:
        self.app(environ, lambda *_: None)


@contextmanager
def running(**options: int) -> Iterator[Direct]:
    """The server behind its gateway; it has to be empty at the end."""
    direct = Direct(**options)
    with (
        pytest.MonkeyPatch.context() as patch,
        open_gateway(direct.server, Flask(__name__), Drain(1), polling=False) as direct.app,
    ):
        patch.setattr(websocket, "connection", lambda environ: environ["connection of the test"])
        patch.setattr(websocket, "hand_back", list)
        try:
            yield direct
        finally:
            direct.end()


def event(name: str, *arguments: object, ack: str = "") -> str:
    return f"42{ack}{json.dumps([name, *arguments])}"
