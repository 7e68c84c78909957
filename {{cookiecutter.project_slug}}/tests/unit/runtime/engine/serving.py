"""The fast server in this process, so that tests can look into its tables."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar, cast

import socketio
import websockets
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.asgi import Receive, Scope, Send
from {{cookiecutter.package_name}}.runtime.backlog import Policies, Policy
from {{cookiecutter.package_name}}.runtime.engine import http_class
from {{cookiecutter.package_name}}.runtime.engine.realtime import FastServer
from {{cookiecutter.package_name}}.runtime.mount import Mount

from ....support.waiting import eventually
from ..serving import serve

Connection = websockets.ClientConnection
H = TypeVar("H", bound=HttpToolsProtocol)
PATIENCE = 5.0


class Lab(socketio.AsyncNamespace):  # type: ignore[misc]
    """Handlers that show in which order things happen."""

    policies: ClassVar[Policies] = {
        ("/", "newest"): Policy("coalesce"),
        ("/", "spare"): Policy("drop_oldest"),
    }

    def __init__(self) -> None:
        super().__init__("/")
        self.at_once = self.most_at_once = 0
        self.handled: list[Any] = []
        self.let_in = True
        self.left = self.filled = 0

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> Any:
        await self.emit("early", to=sid)
        if auth == "slow":
            await asyncio.sleep(0.3)
        await self.enter_room(sid, "everyone")
        return auth != "refuse"

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self.left += 1

    async def on_order(self, sid: str, number: int) -> str:
        await self.emit("direct", number, to=sid)
        await self.emit("room", number, room="everyone")
        await self.emit("direct again", number, to=sid)
        return "done"

    async def on_wait(self, sid: str, number: int, seconds: float) -> int:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(seconds)
        self.at_once -= 1
        self.handled.append(number)
        return number

    async def on_tell(self, sid: str, text: str) -> None:
        await self.emit("told", text)

    async def on_unsendable(self, sid: str) -> object:
        return object()

    async def on_cancel(self, sid: str) -> None:
        raise asyncio.CancelledError

    async def on_fail(self, sid: str) -> None:
        raise RuntimeError("on purpose")

    async def on_flood(self, sid: str, times: int, size: int) -> None:
        for _ in range(times):
            await self.emit("flood", "x" * size, room="everyone")
            await asyncio.sleep(0)

    async def on_many(self, sid: str, event: str, times: int, size: int) -> None:
        for number in range(times):
            await self.emit(event, (number, "x" * size), to=sid)
            await asyncio.sleep(0)

    async def on_fill(self, sid: str) -> None:
        """Emit until some of it has to wait for the only client."""
        [session] = self.server.eio.sockets.values()
        self.filled = 0
        while len(session.queue.backlog) < 3:
            await self.emit("fill", (self.filled, "x" * 100_000), to=sid)
            await asyncio.sleep(0)
            self.filled += 1


class Fast:
    def __init__(self) -> None:
        self.server = FastServer(
            client_manager=socketio.AsyncManager(),
            address_of=mode.client_address,
            allowed_origins=[],
            transports=["websocket"],
            ping_interval=25,
            ping_timeout=20,
            max_message_bytes=65536,
            max_send_bytes=1 << 20,
            max_send_seconds=30,
            connect_timeout=10,
            max_connections=1000,
            max_connections_per_ip=1000,
        )
        self.lab = Lab()
        self.server.register_namespace(self.lab)
        self.url = ""

    def residue(self) -> dict[str, int]:
        """How much every table holds that grows with connections."""
        server, engine, manager = self.server, self.server.eio, self.server.manager
        tables = {
            "sockets": engine.sockets,
            "tasks": engine.tasks,
            "wheel": engine.wheel,
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

    @asynccontextmanager
    async def client(self, auth: object = None) -> AsyncIterator[Connection]:
        async with self.opened() as socket:
            await socket.send("40" + (json.dumps(auth) if auth else ""))
            assert str(await socket.recv()).startswith("40{")
            assert await socket.recv() == '42["early"]'
            yield socket

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connection]:
        address = f"{self.url}/socket.io/?EIO=4&transport=websocket".replace("http", "ws")
        async with websockets.connect(address, ping_interval=None, close_timeout=1) as socket:
            assert str(await socket.recv()).startswith("0{")
            yield socket


def made(kind: type[H], **transport: Any) -> H:
    """A connection on which nothing has come, and whose transport has only this to offer."""
    config = Config(cast(Any, print), interface="asgi3", log_config=None)
    connection = kind(config, ServerState(), {}, cast(asyncio.AbstractEventLoop, object()))
    ends = SimpleNamespace(get_extra_info=lambda name: None, **transport)
    connection.connection_made(cast(asyncio.Transport, ends))
    return connection


def begun(kind: type[H]) -> H:
    """A connection whose request has just begun."""
    connection = made(kind)
    connection.data_received(b"GET ")
    return connection


@contextmanager
def running(loop: str, http: str = http_class("fast")) -> Iterator[Fast]:
    """The server on uvicorn's `loop` and `http`; it has to be empty at the end."""
    fast = Fast()

    async def nowhere(*_: Any) -> None:
        raise RuntimeError("only Socket.IO is served here")

    mount = Mount(fast.server, nowhere)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await mount(scope, receive, send)
            return
        watching = mode.spawn(fast.server.watch)
        for kind in ("startup", "shutdown"):
            await receive()
            if kind == "shutdown":
                await mode.stop(watching)
            await send({"type": f"lifespan.{kind}.complete"})

    with serve(app, "on", loop=loop, http=http, ws_max_size=1_000_000) as fast.url:
        yield fast
        eventually(lambda: not fast.residue(), PATIENCE)
    assert fast.residue() == {}
