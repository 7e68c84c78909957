"""What becomes of a socket that comes, is kicked or goes while others do things, on each engine.

The clients poll here, which both engines serve alike.
"""

import logging
import time
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import socketio
from engineio.exceptions import EngineIOError, SocketIsClosedError
from engineio.packet import MESSAGE, Packet

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.backlog import Policies
from {{cookiecutter.package_name}}.runtime.server import RealtimeServer
from {{cookiecutter.package_name}}.runtime.socketio_server import server_class

from ...support.waiting import until
from .bounded_server import bounded_server


class Lab(socketio.AsyncNamespace):  # type: ignore[misc]
    policies: ClassVar[Policies] = {}

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.asked: mode.Event | None = None
        """Set when a handshake may go on."""
        self.lets_in = True
        self.cleaning_seconds = 0.0
        self.left: list[str] = []

    async def trigger_event(self, event: str, *args: Any) -> Any:
        if event == "connect":
            if self.asked is not None:
                await self.asked.wait()
            return self.lets_in
        if event == "disconnect":
            await mode.sleep(self.cleaning_seconds)
            self.left.append(args[0])
            return None
        return object()  # nothing that could be sent


@pytest.fixture(params=["fast", "stock"])
async def server(request: pytest.FixtureRequest) -> RealtimeServer:
    settings: Any = SimpleNamespace(engine=request.param)
    server = bounded_server(server_class(settings, "json"))
    for path in ("/chat", "/feed"):
        server.register_namespace(Lab(path))
    return server


def lab(server: RealtimeServer, path: str) -> Lab:
    found: Lab = server.namespace_handlers[path]
    return found


async def opened(server: RealtimeServer, connection: str) -> Any:
    """A client that polls, and is in no namespace yet."""
    client = server.eio.socket_class(server.eio, connection)
    client.connected, client.heard = True, time.monotonic()
    server.eio.sockets[connection] = client
    await server._handle_eio_connect(connection, {"REMOTE_ADDR": "192.0.2.1"})
    return client


async def entered(server: RealtimeServer, connection: str, path: str) -> str:
    """The sid of one that has been let into a namespace."""
    await server._handle_connect(connection, path, None)
    sid = server.manager.sid_from_eio_sid(connection, path)
    assert isinstance(sid, str)
    return sid


def told(client: Any) -> list[str]:
    """What waits for the next poll."""
    found = []
    while len(client.queue.backlog):
        found.append(client.queue.backlog.take().data)
    return found


@pytest.mark.parametrize("lets_in", [True, False])
async def test_nothing_is_told_before_the_handshake_is_accepted(
    server: RealtimeServer, lets_in: bool
) -> None:
    chat = lab(server, "/chat")
    chat.asked, chat.lets_in = mode.Event(), lets_in
    client = await opened(server, "one")
    handshake = mode.spawn(server._handle_connect, "one", "/chat", None)
    await until(lambda: server.manager.pending_connect)
    await server.emit("news", "to all", namespace="/chat")
    [sid] = server.manager.pending_connect["/chat"]
    await server.emit("news", "to them", namespace="/chat", to=sid)
    await server.emit("news", "to others", namespace="/chat", room="elsewhere")
    await server.emit("news", "not to them", namespace="/chat", skip_sid=sid)
    assert told(client) == []
    chat.asked.set()
    await until(lambda: not server.manager.pending_connect)
    await until(lambda: not server.manager._held)
    await server.emit("news", "after", namespace="/chat")
    first, *rest = told(client)
    news = [f'2/chat,["news","{text}"]' for text in ("to all", "to them", "after")]
    assert rest == (news if lets_in else [])
    assert first.startswith("0/chat," if lets_in else "4/chat,")
    await mode.stop(handshake)


async def test_who_is_kicked_is_in_no_room_however_long_the_clean_up_takes(
    server: RealtimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mode.timeout
    monkeypatch.setattr(mode, "timeout", lambda seconds: real(seconds / 100))
    lab(server, "/chat").cleaning_seconds = 0.3
    await opened(server, "one")
    sid = await entered(server, "one", "/chat")
    await server.enter_room(sid, "room", namespace="/chat")
    await server.end_socket(sid, "/chat")
    assert lab(server, "/chat").left == [sid]
    assert server.manager.rooms == {}
    assert server.manager.pending_disconnect == {}


async def test_what_comes_with_what_ended_the_connection_is_not_taken(
    server: RealtimeServer,
) -> None:
    client = await opened(server, "one")
    await client.receive(Packet(MESSAGE, "5-"))
    with pytest.raises(SocketIsClosedError):
        await client.receive(Packet(MESSAGE, "0/chat,"))
    assert server.manager.pending_connect == {}
    assert server.manager.rooms == {}


async def test_who_is_kicked_may_not_stay_without_a_namespace(server: RealtimeServer) -> None:
    await opened(server, "one")
    sids = [await entered(server, "one", path) for path in ("/chat", "/feed")]
    assert server._connections.deadlines == {}
    await server.end_socket(sids[0], "/chat")
    assert server._connections.deadlines == {}
    await server.end_socket(sids[1], "/feed")
    assert server._connections.deadlines["one"] == pytest.approx(time.monotonic() + 10, abs=5)


async def test_what_is_entered_during_the_end_is_left_again(server: RealtimeServer) -> None:
    """Also when the namespace was passed already: they are in the order of their first sockets."""
    await opened(server, "other")
    await entered(server, "other", "/feed")
    client = await opened(server, "one")
    sid = await entered(server, "one", "/chat")
    lab(server, "/chat").cleaning_seconds = 0.3
    ending = mode.spawn(client.close, wait=False, abort=True)
    await until(lambda: sid in server.manager.pending_disconnect.get("/chat", ()))
    again = await entered(server, "one", "/feed")
    await until(lambda: "one" not in server._connections.addresses)
    assert again in lab(server, "/feed").left
    assert server.manager.sid_from_eio_sid("one", "/feed") is None
    await mode.stop(ending)


async def test_a_session_that_ends_takes_no_more_packets(server: RealtimeServer) -> None:
    client = await opened(server, "one")
    client.closing = True
    await client.handle_post_request(posted("40/feed,"))
    assert server.manager.sid_from_eio_sid("one", "/feed") is None


async def test_emitting_to_a_silent_client_runs_none_of_its_handlers(
    server: RealtimeServer,
) -> None:
    """They may wait for what the one who emits holds."""
    client = await opened(server, "one")
    await entered(server, "one", "/chat")
    client.last_ping = time.time() - 1000
    await server.emit("news", "to all", namespace="/chat")
    assert lab(server, "/chat").left == []
    assert told(client)[-1] == '2/chat,["news","to all"]'
    client.closed = True
    with pytest.raises(EngineIOError):
        await client.send(Packet(MESSAGE, "too late"))


async def test_garbage_for_a_session_that_has_gone_meanwhile(server: RealtimeServer) -> None:
    client = await opened(server, "one")
    with pytest.raises(EngineIOError):
        await client.handle_post_request(posted("garbage"))
    del server.eio.sockets["one"]  # as a request that found it closed does
    await client.handle_post_request(posted("garbage"))


async def test_what_cannot_be_sent_is_acknowledged_as_an_error_of_ours(
    server: RealtimeServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = await opened(server, "one")
    await entered(server, "one", "/chat")
    told(client)
    with caplog.at_level(logging.ERROR):
        await server._handle_eio_message("one", '2/chat,7["anything"]')
    [ack] = told(client)
    assert ack.startswith('3/chat,7[{"ok":false,"error":{"code":"internal"')
    assert "cannot be sent" in caplog.text
    assert not client.closed


class _Body:
    def __init__(self, text: str) -> None:
        self._text = text

    async def read(self, length: int) -> bytes:
        return self._text.encode()


def posted(text: str) -> dict[str, Any]:
    return {"CONTENT_LENGTH": str(len(text)), "wsgi.input": _Body(text)}
