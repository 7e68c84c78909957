"""Connections send and wait as redis-py's own do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Connection
from redis.asyncio import connection as theirs
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError
from redis.exceptions import TimeoutError as RedisTimeoutError

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.adapters.redis.quick import quick
from {{cookiecutter.package_name}}.runtime import mode


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "key"),
        ("CONFIG GET", "save"),
        (b"CLIENT LIST", "TYPE", "normal"),
        ("SET", "kéy", b"\x00\r\n\xff", "PX", 1500, "GET"),
        ("EVALSHA", "0" * 40, 1, "key", "", 1.5),
        ("SET", "key", bytearray(b"value")),
        ("SET", "key", memoryview(b"value")),
        ("SET", "key", "x" * 100_000),
    ],
)
def test_a_command_is_the_same_to_the_byte(command: tuple[Any, ...]) -> None:
    ours: Any = quick(Connection)()
    original: Any = Connection()
    packed = b"".join(original.pack_command(*command))
    assert b"".join(ours.pack_command(*command)) == packed


def test_what_cannot_be_sent_is_said_as_by_redis_py() -> None:
    ours: Any = quick(Connection)()
    with pytest.raises(DataError):
        ours.pack_command("SET", "key", object())


@pytest.fixture
async def connection(stores: RedisStores) -> AsyncIterator[Any]:
    """One of the pool's."""
    pool: Any = stores.link.client.connection_pool
    taken = await pool.get_connection()
    yield taken
    await pool.release(taken)


async def test_an_answer_that_does_not_come_ends_the_connection(connection: Any) -> None:
    connection.socket_timeout = 0.2
    await connection.send_command("PING")
    assert await connection.read_response() == "PONG"
    await connection.send_command("BLPOP", "nothing", 5)
    with pytest.raises(RedisTimeoutError):
        await connection.read_response()
    assert not connection.is_connected


async def test_a_connection_that_the_kernel_gives_up_is_no_answer(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """redis-py would take ETIMEDOUT for a deadline of its own, and say that there is nothing."""

    async def lost(_: int) -> bytes:
        raise TimeoutError(110, "Connection timed out")

    await connection.send_command("PING")
    monkeypatch.setattr(connection._reader, "read", lost)
    with pytest.raises(RedisConnectionError, match="Connection timed out"):
        await connection.read_response()
    assert not connection.is_connected


async def test_what_has_come_needs_no_deadline(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines = []

    def counted(seconds: float) -> Any:
        deadlines.append(seconds)
        return asyncio.timeout(seconds)

    await connection.send_packed_command(connection.pack_commands([("PING",)] * 100))
    await asyncio.sleep(0.1)
    monkeypatch.setattr(mode, "timeout", counted)
    monkeypatch.setattr(theirs, "async_timeout", counted)
    assert [await connection.read_response() for _ in range(100)] == ["PONG"] * 100
    assert len(deadlines) <= 1
