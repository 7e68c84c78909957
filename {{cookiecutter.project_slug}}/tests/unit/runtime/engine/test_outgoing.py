"""Frames are as RFC 6455 has them, and are written once a turn; rarer after a turn for many."""

import asyncio
import time

import pytest

from {{cookiecutter.package_name}}.runtime.engine import outgoing
from {{cookiecutter.package_name}}.runtime.engine.outgoing import MANY, Turn, payload
from {{cookiecutter.package_name}}.runtime.server_frames import (
    BINARY,
    frame,
    text_frame,
)

from ....support.waiting import until


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frames(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size
    assert frame(BINARY, b"x" * size) == b"\x82" + head[1:] + b"x" * size
    assert payload(text_frame(b"x" * size)) == b"x" * size


class Client:
    def __init__(self, broken: bool = False) -> None:
        self.writes = 0
        self._broken = broken

    def flush(self) -> None:
        self.writes += 1
        time.sleep(0.0002)
        if self._broken:
            raise OSError("on purpose")


async def written(turn: Turn, clients: list[Client]) -> None:
    for client in clients:
        turn.add(client)
    await until(lambda: clients[-1].writes > 0)


async def test_a_broken_client_does_not_keep_the_others_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clients = [Client(broken=True), Client()]
    await written(Turn(), clients)
    assert [client.writes for client in clients] == [1, 1]
    assert "could not write to a client" in caplog.text


async def test_a_few_are_written_to_in_the_next_turn() -> None:
    turn = Turn()
    for _ in range(3):
        clients = [Client() for _ in range(MANY - 1)]
        for client in clients:
            turn.add(client)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [client.writes for client in clients] == [1] * (MANY - 1)


async def test_after_many_the_next_turn_waits_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "REST", 1000)
    monkeypatch.setattr(outgoing, "MAX_REST_SECONDS", 1.0)
    turn = Turn()
    started = time.monotonic()
    await written(turn, [Client() for _ in range(MANY)])
    one, other = Client(), Client()
    turn.add(one)
    await asyncio.sleep(0.05)
    turn.add(other)
    assert one.writes == 0
    await until(lambda: one.writes > 0)
    assert (one.writes, other.writes) == (1, 1)
    assert time.monotonic() - started >= 1.0
    await asyncio.sleep(1.0)
    third = Client()
    turn.add(third)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert third.writes == 1
