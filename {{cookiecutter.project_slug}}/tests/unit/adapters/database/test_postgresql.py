"""The message log in a real PostgreSQL."""

import signal
import time
from collections.abc import Iterator

import psycopg
import pytest

from {{cookiecutter.package_name}}.adapters.database import database_problems
from {{cookiecutter.package_name}}.adapters.database.driver import CALL_SECONDS
from {{cookiecutter.package_name}}.adapters.database.migrations import upgrade
from {{cookiecutter.package_name}}.adapters.database.urls import resolve
from {{cookiecutter.package_name}}.domain.errors import Refused, Unavailable
from {{cookiecutter.package_name}}.runtime.mode import together

from ....support.postgres import PostgresServer, postgres_database, postgres_server, private_server
from ..message_log_contract import START, fill
from .conftest import OpenLog
from .contract import DatabaseHistoryContract, DatabaseLogContract, MigrationsContract

LITTLE_MORE = 4.0  # seconds, where psycopg alone would take another ten


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def empty_url(server: str) -> Iterator[str]:
    with postgres_database(server) as url:
        yield url


@pytest.fixture
def url(empty_url: str) -> str:
    upgrade(empty_url)
    return empty_url


class TestPostgreSQLMessageLog(DatabaseLogContract):
    async def test_what_a_column_cannot_hold_is_refused(self, open_log: OpenLog, url: str) -> None:
        log = await open_log(url)
        await fill(log, 1)
        for message_id, text in (("nul", "\x00"), ("i" * 129, "too long an id")):
            with pytest.raises(Refused) as refused:
                await log.append("lobby", message_id, "ada", text, START)
            assert refused.value.code == "invalid_payload"
        assert (await log.append("lobby", "m2", "ada", "hi", START)).message.offset == 2

    async def test_a_locked_room_is_an_answer_in_time_and_no_other_room_notices(
        self, open_log: OpenLog, url: str
    ) -> None:
        log = await open_log(url)
        await fill(log, 1, "lobby")
        await fill(log, 1, "kitchen")
        with psycopg.connect(url) as other:
            other.execute("SELECT * FROM rooms WHERE name = 'lobby' FOR UPDATE")
            started = time.monotonic()

            async def elsewhere() -> float:
                for number in range(20):
                    await log.append("kitchen", f"k{number}", "ada", "hi", START)
                await log.replay("lobby", None, 10)
                return time.monotonic() - started

            results = await together(
                *(
                    lambda id=f"x{number}": log.append("lobby", id, "ada", "hi", START)
                    for number in range(30)
                ),
                elsewhere,
            )
            took = time.monotonic() - started

        *refused, free = results
        assert all(isinstance(result, Unavailable) for result in refused)
        assert took < CALL_SECONDS + LITTLE_MORE
        assert isinstance(free, float)
        assert free < CALL_SECONDS / 2
        # A refused one may be stored nevertheless: its sender repeats it, with the same id.
        assert (await log.append("lobby", "m2", "ada", "hi", START)).message.offset >= 2


class TestPostgreSQLMigrations(MigrationsContract):
    pass


async def test_nobody_there_is_an_answer_and_no_password_is_logged(
    open_log: OpenLog, caplog: pytest.LogCaptureFixture
) -> None:
    log = await open_log("postgresql://ada:hunter2@127.0.0.1:1/name")
    with pytest.raises(Unavailable) as unavailable:
        await log.ping()
    assert "database call failed" in caplog.text
    assert "hunter2" not in caplog.text + str(unavailable.value)


async def test_a_frozen_server_is_an_answer_in_time_and_a_restarted_one_serves_at_once(
    open_log: OpenLog, own_server: PostgresServer
) -> None:
    with postgres_database(own_server.url) as url:
        upgrade(url)
        log = await open_log(url)
        await fill(log, 1)
        own_server.signal(signal.SIGSTOP)
        started = time.monotonic()
        try:
            calls = (log.ping, lambda: log.append("lobby", "m2", "ada", "hi", START))
            results = await together(*calls)
            took = time.monotonic() - started
        finally:
            own_server.signal(signal.SIGCONT)
        assert [type(result) for result in results] == [Unavailable, Unavailable]
        assert took < CALL_SECONDS + LITTLE_MORE

        for offset in (2, 3):
            own_server.restart()
            appended = await log.append("lobby", f"m{offset}", "ada", "hi", START)
            assert appended.message.offset == offset


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    with private_server() as server:
        yield server


def test_the_usual_ways_to_write_its_url(server: str) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        url = f"{scheme}://user:password@host/name"
        assert database_problems(url, env="production") == []
        assert resolve(url)[1].drivername == "postgresql+psycopg"
    assert "names no database" in database_problems("postgresql://host", env="production")[0]


class TestPostgreSQLTickHistory(DatabaseHistoryContract):
    """With the fixtures above."""
