"""Socket.IO's emits over several workers."""

from typing import Any

import msgspec
import pytest
import socketio

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.runtime import codec
from {{cookiecutter.package_name}}.runtime.mode import ASYNC_MODE, run_blocking, sleep

from ....support.waiting import until

Sent = tuple[str, Any]


class Note(msgspec.Struct):
    text: str


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Keeps what it would send to its one socket, `sid`."""

    async def connect_one(self, room: str) -> None:
        self.sent: list[Sent] = []
        self.sid = await self.manager.connect("eio-1", "/chat")
        await self.enter_room(self.sid, room, namespace="/chat")

    async def _send_eio_packet(self, eio_sid: str, packet: Any) -> None:
        self.sent.append((eio_sid, packet.data))


async def serve(stores: RedisStores) -> Server:
    server = Server(
        async_mode=ASYNC_MODE,
        client_manager=stores.client_manager,
        namespaces=["/chat"],
        json=codec,
    )
    server.manager_initialized = True
    stores.client_manager.initialize()
    await server.connect_one("lobby")
    return server


@pytest.fixture
async def here(stores: RedisStores) -> Server:
    return await serve(stores)


@pytest.fixture
async def there(others: RedisStores) -> Server:
    return await serve(others)


async def test_an_emit_reaches_the_room_on_every_worker_once(here: Server, there: Server) -> None:
    await here.emit("note", Note("grüße"), room="lobby", namespace="/chat")
    await here.emit("note", Note("not for you"), room="kitchen", namespace="/chat")
    await until(lambda: len(there.sent) == 1)
    await sleep(0.1)

    expected = [("eio-1", '2/chat,["note",{"text":"grüße"}]')]
    assert here.sent == there.sent == expected


async def test_emits_arrive_in_order(here: Server, there: Server) -> None:
    for number in range(500):
        await here.emit("note", number, room="lobby", namespace="/chat")
    await until(lambda: len(there.sent) == 500)
    assert there.sent == here.sent


async def test_sockets_are_skipped_wherever_they_are(here: Server, there: Server) -> None:
    await here.emit("note", 1, room="lobby", namespace="/chat", skip_sid=[there.sid])
    await here.emit("note", 2, room="lobby", namespace="/chat")
    await until(lambda: len(there.sent) == 1)
    assert there.sent[0][1] == '2/chat,["note",2]'


async def test_another_worker_can_end_a_socket(here: Server, there: Server) -> None:
    await here.disconnect(there.sid, namespace="/chat")
    await until(lambda: not there.manager.is_connected(there.sid, "/chat"))


async def test_another_program_can_emit(here: Server, redis_url: str, prefix: str) -> None:
    def emit() -> None:
        manager = socketio.RedisManager(redis_url, channel=f"{prefix}:socketio", write_only=True)
        manager.emit("note", {"text": "from outside"}, room="lobby", namespace="/chat")
        manager.redis.close()

    await run_blocking(emit)
    await until(lambda: len(here.sent) == 1)
    assert here.sent[0][1] == '2/chat,["note",{"text":"from outside"}]'


async def test_a_worker_without_sockets_keeps_nothing(here: Server, others: RedisStores) -> None:
    seen: list[bytes] = []

    async def see(data: bytes) -> None:
        seen.append(data)

    others.signals.subscribe("socketio", see)
    await here.emit("note", 1, room="lobby", namespace="/chat")
    await until(lambda: len(seen) == 1)
    assert len(others.client_manager._received) == 0
