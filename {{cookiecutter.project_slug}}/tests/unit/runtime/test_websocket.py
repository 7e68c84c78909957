"""WebSockets as they come over the wire, frame by frame (RFC 6455)."""

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from {{cookiecutter.package_name}}.runtime import mode, websocket
from {{cookiecutter.package_name}}.runtime.websocket import WebSocket
from {{cookiecutter.package_name}}.runtime.wheel import Wheel

from ...support.websocket_peer import BINARY, CLOSE, HANDSHAKE, PING, PONG, TEXT, Peer, head, mask

LIMIT = 1000


class Engine:
    """What the transport must know of the Engine.IO server."""

    max_http_buffer_size = LIMIT
    ping_interval = 25
    ping_timeout = 20


def echo(ws: WebSocket) -> None:
    while (message := ws.wait()) is not None:
        ws.send(message)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Peer]]:
    """Opens connections that are served by a handler, `echo` unless another is given."""
    opened: list[socket.socket] = []
    wheel = Wheel()
    tasks = [mode.spawn(wheel.run)]

    def open_one(handler: Callable[[WebSocket], Any] = echo) -> Peer:
        here, there = socket.socketpair()
        opened.extend((here, there))
        monkeypatch.setattr(websocket, "connection", lambda environ: there)
        monkeypatch.setattr(websocket, "hand_back", list)
        peer = Peer(here)
        tasks.append(mode.spawn(serve, WebSocket(wheel, handler, Engine())))
        answer = peer.answer()
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
        return peer

    def serve(ws: WebSocket) -> None:
        ws(dict(HANDSHAKE), lambda *_: None)

    yield open_one
    for end in opened:
        end.close()
    mode.stop(*tasks)


@pytest.mark.parametrize("size", [2, 125, 126, LIMIT])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_messages_of_every_length(connect: Callable[..., Peer], opcode: int, size: int) -> None:
    peer = connect()
    peer.send(opcode, b"4" * size)
    assert peer.frame() == (opcode, b"4" * size)


def test_fragments_with_a_ping_between_them(connect: Callable[..., Peer]) -> None:
    peer = connect()
    peer.send(TEXT, "42grü".encode()[:5], first=0)
    peer.send(PING, b"still there?")
    peer.send(0, "42grü".encode()[5:] + b"n", first=0)
    peer.send(0, b"!")
    assert peer.frame() == (PONG, b"still there?")
    assert peer.frame() == (TEXT, "42grün!".encode())


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_no_other_message_may_come_between_fragments(
    connect: Callable[..., Peer], opcode: int
) -> None:
    peer = connect()
    peer.send(TEXT, b"", first=0)
    peer.send(opcode, b"42")
    assert peer.close_code() == 1002


def test_frames_in_single_bytes(connect: Callable[..., Peer]) -> None:
    peer = connect()
    for byte in head(TEXT, 5) + mask(b"42lo!"):
        peer.connection.sendall(bytes([byte]))
    assert peer.frame() == (TEXT, b"42lo!")


def test_a_message_before_the_close_is_not_lost(connect: Callable[..., Peer]) -> None:
    heard: list[object] = []

    def listen(ws: WebSocket) -> None:
        while (message := ws.wait()) is not None:
            heard.append(message)

    peer = connect(listen)
    peer.connection.sendall(
        head(TEXT, 4) + mask(b"42la") + head(CLOSE, 2) + mask(struct.pack("!H", 1000))
    )
    assert peer.close_code() == 1000
    with pytest.raises(EOFError):
        peer.exactly(1)
    assert heard == ["42la"]


@pytest.mark.parametrize("frame", ["", "x", "7", "4", "4x", "b4QQ==", "2[[[", "\x00"])
def test_what_is_no_packet_ends_the_connection(connect: Callable[..., Peer], frame: str) -> None:
    peer = connect()
    peer.send(TEXT, frame.encode())
    with pytest.raises(EOFError):
        peer.exactly(1)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (head(TEXT, 2, masked=False) + b"hi", 1002),
        (head(TEXT, 2, first=0xC0) + mask(b"hi"), 1002),
        (head(3, 2) + mask(b"hi"), 1002),
        (head(11, 0), 1002),
        (head(0, 2) + mask(b"hi"), 1002),
        (head(PING, 126) + mask(b"x" * 126), 1002),
        (head(PING, 1, first=0) + mask(b"x"), 1002),
        (head(TEXT, 2) + mask(b"\xc3\x28"), 1007),
        (head(TEXT, 1) + mask(b"\xc3"), 1007),
        (head(CLOSE, 1) + mask(b"x"), 1002),
        (head(CLOSE, 2) + mask(struct.pack("!H", 1005)), 1002),
        (head(CLOSE, 2) + mask(struct.pack("!H", 999)), 1002),
        (head(CLOSE, 4) + mask(struct.pack("!H", 1000) + b"\xc3\x28"), 1007),
        (head(TEXT, LIMIT + 1) + mask(b"x" * (LIMIT + 1)), 1009),
    ],
    ids=lambda value: value.hex()[:12] if isinstance(value, bytes) else str(value),
)
def test_what_breaks_the_protocol_ends_the_connection(
    connect: Callable[..., Peer], frame: bytes, code: int
) -> None:
    peer = connect()
    peer.connection.sendall(frame)
    assert peer.close_code() == code


def test_a_huge_message_is_refused_while_it_arrives(connect: Callable[..., Peer]) -> None:
    peer = connect()
    peer.connection.sendall(head(BINARY, 300_000_000) + b"x" * 4096)
    assert peer.close_code() == 1009


def test_so_is_one_in_many_fragments(connect: Callable[..., Peer]) -> None:
    peer = connect()
    peer.send(BINARY, b"x" * 600, first=0)
    peer.send(0, b"x" * 600, first=0)
    assert peer.close_code() == 1009


def test_a_reader_that_pauses_gets_every_byte_in_order(connect: Callable[..., Peer]) -> None:
    """The kernel takes only parts of the frames while nobody reads."""
    blocks = [os.urandom(200_000) for _ in range(20)]

    def pour(ws: WebSocket) -> None:
        for block in blocks:
            ws.send(block)
        ws.wait()

    peer = connect(pour)
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    mode.sleep(1.0)
    assert [peer.frame() for _ in blocks] == [(BINARY, block) for block in blocks]


def test_pongs_do_not_get_into_a_frame_under_way(connect: Callable[..., Peer]) -> None:
    block = b"y" * 3_000_000

    def pour(ws: WebSocket) -> None:
        sending = mode.spawn(ws.send, block)
        while ws.wait() is not None:
            pass
        mode.stop(sending)

    peer = connect(pour)
    mode.sleep(0.2)
    peer.send(PING, b"now")
    mode.sleep(0.2)
    assert peer.frame() == (BINARY, block)
    assert peer.frame() == (PONG, b"now")


def test_who_takes_nothing_is_given_up(
    connect: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "STALL_SECONDS", 0.3)
    outcome: list[float] = []
    done = threading.Event()

    def pour(ws: WebSocket) -> None:
        began = time.monotonic()
        try:
            while True:
                ws.send(b"z" * 100_000)
        except OSError:
            outcome.append(time.monotonic() - began)
        done.set()

    connect(pour)
    assert done.wait(10)
    assert outcome[0] < 5


def test_a_client_that_ignores_the_close_is_not_waited_for(
    connect: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "STALL_SECONDS", 0.1)
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.3)

    def leave(ws: WebSocket) -> None:
        ws.close()
        assert ws.wait() is None

    peer = connect(leave)
    assert peer.close_code() == 1000
    with pytest.raises(EOFError):
        peer.exactly(1)


def test_who_is_silent_for_longer_than_pings_allow_is_given_up(
    connect: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 2.8)
    monkeypatch.setattr(Engine, "ping_interval", 0.1)
    monkeypatch.setattr(Engine, "ping_timeout", 0.1)
    lively, silent = connect(), connect()
    for _ in range(34):
        mode.sleep(0.1)
        lively.send(TEXT, b"42")
        assert lively.frame() == (TEXT, b"42")
    with pytest.raises(EOFError):
        silent.exactly(1)


def test_who_sends_without_a_pause_does_not_hold_up_others(connect: Callable[..., Peer]) -> None:
    count = 500  # which are read at once
    order: list[object] = []
    done = threading.Event()

    def listen(ws: WebSocket) -> None:
        while (message := ws.wait()) is not None:
            if not order:
                mode.spawn(order.append, "somebody else")
            order.append(message)
            if len(order) > count:
                done.set()

    peer = connect(listen)
    peer.connection.sendall((head(TEXT, 2) + mask(b"42")) * count)
    assert done.wait(10)
    assert order.index("somebody else") < count / 2


@pytest.mark.parametrize(
    "wrong", [{"HTTP_SEC_WEBSOCKET_VERSION": "8"}, {"HTTP_SEC_WEBSOCKET_KEY": "short"}]
)
def test_another_handshake_is_refused(wrong: dict[str, str]) -> None:
    started: list[str] = []
    ws = WebSocket(Wheel(), echo, Engine())
    [body] = ws({**HANDSHAKE, **wrong}, lambda status, headers: started.append(status))
    assert started == ["400 Bad Request"]
    assert b"RFC 6455" in body
