"""The bounds a worker sets to its connections, before anybody has said who it is."""

from types import SimpleNamespace
from typing import Any

import pytest

from {{cookiecutter.package_name}}.runtime.connections import CROWD_MARGIN, EXCESS
from {{cookiecutter.package_name}}.runtime.server import RealtimeServer

from .bounded_server import bounded_server

PER_ADDRESS = 3
CONNECTIONS = 10


@pytest.fixture
def server() -> RealtimeServer:
    return bounded_server(
        RealtimeServer, max_connections=CONNECTIONS, max_connections_per_ip=PER_ADDRESS
    )


async def opens(server: RealtimeServer, connection: str, address: str) -> bool:
    return await server._handle_eio_connect(connection, {"REMOTE_ADDR": address}) is not False


async def test_an_address_opens_no_more_than_can_be_told_why_not(server: RealtimeServer) -> None:
    allowed = PER_ADDRESS * CROWD_MARGIN
    opened = [await opens(server, f"a{n}", "192.0.2.1") for n in range(allowed + 5)]
    assert opened == [True] * allowed + [False] * 5
    assert await opens(server, "b", "192.0.2.2")
    assert server.is_crowded("192.0.2.1")
    assert not server.is_crowded("192.0.2.2")

    for number in range(allowed):
        await server._handle_eio_disconnect(f"a{number}", "gone")
    assert await opens(server, "again", "192.0.2.1")
    assert not server.is_crowded("192.0.2.1")


async def test_a_worker_opens_no_more_than_can_be_told_why_not(server: RealtimeServer) -> None:
    for number in range(CONNECTIONS):
        assert await opens(server, f"c{number}", f"192.0.2.{number}")
    assert not server.is_crowded("198.51.100.1")
    opened = [await opens(server, f"x{n}", f"198.51.100.{n}") for n in range(EXCESS + 5)]
    assert opened == [True] * EXCESS + [False] * 5
    assert server.is_crowded("203.0.113.1")
    assert len(server.connections()) == CONNECTIONS + EXCESS


async def test_who_is_behind_in_bytes_or_in_time_is_hung_up_on(
    server: RealtimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def end(connection: str) -> None:
        ended.append(connection)

    def behind(age: float, overflowed: bool) -> Any:
        backlog = SimpleNamespace(age=lambda: age, overflowed=overflowed)
        return SimpleNamespace(closed=False, queue=SimpleNamespace(backlog=backlog))

    monkeypatch.setattr(server, "end_connection", end)
    server.eio.sockets = {
        "in time": behind(4.9, False),
        "late": behind(5.1, False),
        "too much": behind(0.1, True),
    }
    await server._end_slow()
    assert ended == ["late", "too much"]
