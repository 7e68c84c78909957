"""What a connection writes, and when."""

import asyncio
import socket
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from picows import WSFrame, WSMsgType, WSTransport

from {{cookiecutter.package_name}}.runtime.engine.connection import Connection
from {{cookiecutter.package_name}}.runtime.engine.outgoing import Turn
from {{cookiecutter.package_name}}.runtime.engine.unsent import Unsent
from {{cookiecutter.package_name}}.runtime.engine.wheel import Wheel
from {{cookiecutter.package_name}}.runtime.server_frames import text_frame

from .serving import PATIENCE, running

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n"


class Wire:
    """The kernel's end, as picows and the loop's transport write to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_close_frame_sent = False
        self.response = SimpleNamespace(headers={"Sec-WebSocket-Accept": "accepted"})

    @property
    def underlying_transport(self) -> "Wire":
        return self

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == 0

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def send(self, kind: WSMsgType, payload: memoryview) -> None:
        assert kind == WSMsgType.TEXT
        self.written.append(text_frame(bytes(payload)))


class Echo(Connection):
    def received(self, message: str | bytes) -> None:
        assert isinstance(message, str)
        self.put(text_frame(message.encode()))


def echo(turn: Turn) -> tuple[Echo, Wire, Any]:
    """A connection, its wire, and what has it read a message."""
    connection = Echo(turn, Wheel(), 1000, lambda: Unsent(1000, {}))
    wire = Wire()

    def read(text: str) -> None:
        frame = SimpleNamespace(
            msg_type=WSMsgType.TEXT,
            fin=True,
            rsv1=False,
            rsv2=False,
            rsv3=False,
            last_in_buffer=True,
        )
        frame.get_payload_as_utf8_text = lambda: text
        connection.on_ws_frame(cast(WSTransport, wire), cast(WSFrame, frame))

    return connection, wire, read


async def test_what_is_answered_in_one_turn_is_written_after_all_was_read() -> None:
    turn = Turn()
    one, wire, read = echo(turn)
    other, other_wire, other_read = echo(turn)
    for connection, its in ((one, wire), (other, other_wire)):
        connection.on_ws_connected(cast(WSTransport, its))
    await asyncio.sleep(0)
    assert [data[: len(HEAD)] for data in wire.written + other_wire.written] == [HEAD, HEAD]

    read("first")
    other_read("second")
    read("third")
    assert len(wire.written) == len(other_wire.written) == 1
    await asyncio.sleep(0)
    assert wire.written[1:] == [text_frame(b"first") + text_frame(b"third")]
    assert other_wire.written[1:] == [text_frame(b"second")]


async def test_an_answer_does_not_wait_where_broadcasts_do() -> None:
    turn = Turn()
    turn._rested_at = time.monotonic() + PATIENCE
    connection, wire, read = echo(turn)
    connection.on_ws_connected(cast(WSTransport, wire))
    await asyncio.sleep(0)
    connection.put(text_frame(b"to all"))
    await asyncio.sleep(0)
    assert len(wire.written) == 1
    read("answered")
    await asyncio.sleep(0)
    assert wire.written[1:] == [text_frame(b"to all") + text_frame(b"answered")]


async def test_the_first_frames_are_written_with_the_answer_to_the_request() -> None:
    connection, wire, _ = echo(Turn())
    connection.put(text_frame(b"opened"))
    connection.on_ws_connected(cast(WSTransport, wire))
    await asyncio.sleep(0)
    (written,) = wire.written
    assert written.startswith(HEAD)
    assert written.endswith(b"Sec-WebSocket-Accept: accepted\r\n\r\n" + text_frame(b"opened"))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_small_frames_are_not_held_back(loop: str) -> None:
    with running(loop) as fast:
        async with fast.opened():
            [session] = fast.server.eio.sockets.values()
            accepted = session._transport._transport.get_extra_info("socket")
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
