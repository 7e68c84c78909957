"""A connection until it is a WebSocket, and what asks for one."""

import gc
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from {{cookiecutter.package_name}}.runtime.asgi import Receive, Scope, Send
from {{cookiecutter.package_name}}.runtime.engine import http_class
from {{cookiecutter.package_name}}.runtime.engine.first_request import opening_request
from {{cookiecutter.package_name}}.runtime.engine.picows_protocol import BoundedProtocol
from {{cookiecutter.package_name}}.runtime.engine.protocol import HttpProtocol, Opening

from ..serving import serve
from .serving import PATIENCE, begun, made, running

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, as is what must be answered
ACCEPT = b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="
VERSION_AND_KEY = (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY)
PATH = b"/socket.io/?EIO=4&transport=websocket"


def request(path: bytes = PATH, headers: Sequence[bytes] = VERSION_AND_KEY) -> bytes:
    lines = (
        b"GET %s HTTP/1.1" % path,
        *(b"Host: x", b"Connection: Upgrade", b"Upgrade: websocket", *headers),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


@contextmanager
def answered(url: str, *pieces: bytes) -> Iterator[bytes]:
    """What a client gets first that sends `pieces`, one after the other.

    Where it is a WebSocket then, it answers the close that the client sends at the end.
    """
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port or 80), PATIENCE) as client:
        for piece in pieces:
            time.sleep(0.05)  # or the kernel hands over both at once
            client.sendall(piece)
        answer = client.recv(4096)
        yield answer
        if answer.startswith(HEAD):
            assert_closes(client)


def assert_closes(client: socket.socket) -> None:
    client.sendall(b"\x88\x80\0\0\0\0")
    assert client.recv(4096)[:1] == b"\x88"


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_client_gets_both_at_once() -> None:
    with running("auto") as fast, answered(fast.url, request()) as answer:
        head, _, frames = answer.partition(b"\r\n\r\n")
    assert head.startswith(HEAD)
    assert ACCEPT in head.lower()
    assert frames[2:].startswith(b'0{"sid":"')


def test_spaces_around_a_headers_value_are_no_part_of_it() -> None:
    headers = (b"Sec-WebSocket-Version:  13 ", b"Sec-WebSocket-Key: " + KEY + b"\t")
    with running("auto") as fast, answered(fast.url, request(headers=headers)) as answer:
        assert ACCEPT in answer.lower()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("cut", [1, 60, -1])
def test_a_request_may_come_in_pieces(loop: str, cut: int) -> None:
    whole = request()
    with running(loop) as fast, answered(fast.url, whole[:cut], whole[cut:]) as answer:
        assert answer.startswith(HEAD)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_connection_that_was_used_for_requests_may_become_a_websocket(loop: str) -> None:
    """As a proxy does that keeps connections."""
    with running(loop) as fast:
        address = urlsplit(fast.url)
        client = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        client.request("GET", "/socket.io/?EIO=4&transport=polling")
        assert client.getresponse().read()
        client.sock.sendall(request())
        assert client.sock.recv(4096).startswith(HEAD)
        assert_closes(client.sock)
        client.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_application_is_told_the_same_however_it_came(loop: str) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send({"type": "websocket.close"})

    whole = request(b"/socket.io/a%20b?c=d")
    with serve(app, loop=loop, http=http_class("fast")) as url:
        for pieces in ((whole,), (whole[:9], whole[9:])):
            with answered(url, *pieces) as answer:
                assert answer.startswith(b"HTTP/1.1 403 ")
    at_once, in_pieces = ({**scope, "extensions": None, "client": None} for scope in scopes)
    assert at_once == in_pieces
    assert at_once["server"] == ("127.0.0.1", urlsplit(url).port)
    assert {scope["client"][0] for scope in scopes} == {"127.0.0.1"}


def test_other_websockets_are_left_to_uvicorn() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert not scope["extensions"].keys() & {"realtime.engine"}
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    with serve(app, http=http_class("fast")) as url, answered(url, request(b"/other")) as answer:
        assert answer.startswith(HEAD)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_where_picows_fails_the_client_is_told(
    loop: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known: list[set[Any]] = []
    change_hands = Opening._change_hands

    def seen(opening: Opening, owner: Any) -> None:
        known.append(opening._connections)
        change_hands(opening, owner)

    def fails(picows: BoundedProtocol, data: bytes) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(Opening, "_change_hands", seen)
    monkeypatch.setattr(BoundedProtocol, "feed", fails)
    with running(loop) as fast, answered(fast.url, request()) as answer:
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert known == [set()]  # or uvicorn would wait for it when it stops
    assert "picows did not take a connection" in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        request()[:-1],
        request() + b"\x81",
        request().replace(b"GET", b"PUT"),
        request().replace(b"websocket", b"h2c"),
        request().replace(b"Upgrade", b"close"),
        request().replace(b"Host: x", b"Host: x\x00pgrade"),
        b"\x16\x03\x01pgrade",
    ],
)
def test_what_is_not_just_a_request_for_a_websocket_is_left_to_uvicorn(data: bytes) -> None:
    assert opening_request(data) is None


def test_names_may_be_in_any_case() -> None:
    found = opening_request(request().replace(b"Upgrade: websocket", b"upgrade: WebSocket"))
    assert found is not None
    assert found.raw_path + b"?" + found.query == PATH
    assert found.header(b"sec-websocket-key") == KEY


def silent() -> tuple[HttpProtocol, list[str]]:
    """A connection on which nothing has come, and what is done to its transport."""
    done: list[str] = []
    http = made(HttpProtocol, close=lambda: done.append("closed"))
    assert http.server_state.connections == {http}
    return http, done


def test_who_has_said_nothing_is_let_go_when_the_server_stops() -> None:
    http, done = silent()
    http.shutdown()
    assert done == ["closed"]


def test_who_leaves_without_a_word_is_forgotten() -> None:
    http, done = silent()
    http.eof_received()
    http.connection_lost(None)
    assert not http.server_state.connections
    assert done == []


@pytest.mark.parametrize(("complete", "paused"), [(False, False), (True, True)])
def test_who_has_not_had_the_last_answer_gets_no_websocket(complete: bool, paused: bool) -> None:
    """Its transport would tell nobody how much waits in it."""
    ends: list[str] = []
    http: Any = begun(HttpProtocol)
    http.scope["method"], http.url = "GET", b"/socket.io/"
    http.transport = SimpleNamespace(abort=lambda: ends.append("aborted"))
    http.cycle = SimpleNamespace(response_complete=complete)
    http.flow = SimpleNamespace(write_paused=paused)
    http.handle_websocket_upgrade()
    assert ends == ["aborted"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("cut", [None, 60])
@pytest.mark.usefixtures("no_collector")
def test_of_the_request_nothing_is_kept(loop: str, cut: int | None) -> None:
    """A parser for each idle client would be 2 KB, until the collector came by."""
    whole = request()
    pieces = [whole] if cut is None else [whole[:cut], whole[cut:]]
    with running(loop) as fast, answered(fast.url, *pieces) as answer:
        assert answer.startswith(HEAD)
        kept = [one for one in gc.get_objects() if isinstance(one, (HttpProtocol, Opening))]
        assert kept == []
