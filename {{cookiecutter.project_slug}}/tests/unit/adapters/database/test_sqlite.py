"""The message log in a SQLite file."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import sqlite

from {{cookiecutter.package_name}}.adapters.database import open_stores, statements
from {{cookiecutter.package_name}}.adapters.database import sqlite as module
from {{cookiecutter.package_name}}.adapters.database.engine import open_database
from {{cookiecutter.package_name}}.adapters.database.urls import (
    DEVELOPMENT_FILE,
    resolve,
)
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.runtime.mode import together

from ..message_log_contract import HISTORY_SIZE, START, fill, offsets
from .conftest import OpenLog
from .contract import DatabaseHistoryContract, DatabaseLogContract, MigrationsContract


class TestSQLiteMessageLog(DatabaseLogContract):
    @pytest.fixture
    def url(self, sqlite_url: str) -> str:
        return sqlite_url

    async def test_a_locked_file_is_an_answer_in_time(
        self, open_log: OpenLog, url: str, impatient: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        log = await open_log(url)
        await fill(log, 1)
        with closing(sqlite3.connect(_file(url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                await log.append("lobby", "m2", "ada", "a secret", START)
            assert offsets(await log.before("lobby", None, 10)) == [1]
            other.execute("ROLLBACK")

        assert (await log.append("lobby", "m2", "ada", "hi", START)).message.offset == 2
        assert "database is locked" in caplog.text
        assert "a secret" not in caplog.text

    async def test_a_file_that_others_open_at_the_same_time_is_usable(
        self, open_log: OpenLog, url: str, impatient: None
    ) -> None:
        with closing(sqlite3.connect(_file(url), isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT * FROM rooms").fetchall()
            await (await open_log(url)).ping()

    async def test_a_file_that_is_no_database_is_an_answer(
        self, open_log: OpenLog, tmp_path: Path
    ) -> None:
        (tmp_path / "text").write_text("not a database " * 1000)
        log = await open_log(f"sqlite:///{tmp_path / 'text'}")
        calls = [log.ping, lambda: log.before("lobby", None, 1), lambda: log.heads(["lobby"])]
        assert [type(answer) for answer in await together(*calls)] == [Unavailable] * 3

    async def test_no_statement_reads_a_whole_table(self, url: str) -> None:
        with closing(sqlite3.connect(_file(url))) as connection:
            for statement in (
                statements.REPLAY,
                statements.LATEST,
                statements.BEFORE,
                statements.FIND_MESSAGE,
                statements.NEXT_OFFSET,
                statements.TRIM,
            ):
                compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
                plan = connection.execute(f"EXPLAIN QUERY PLAN {compiled}", compiled.params)
                steps = [step[-1] for step in plan]
                assert [step for step in steps if step.startswith(("SCAN", "USE TEMP"))] == []


class TestSQLiteMigrations(MigrationsContract):
    @pytest.fixture
    def empty_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"


async def test_the_development_file_is_made_with_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        async with open_stores(None, history_size=HISTORY_SIZE) as stores:
            await stores.log.ping()
    assert DEVELOPMENT_FILE.is_file()


async def test_what_a_transaction_reads_holds_until_it_has_written(sqlite_url: str) -> None:
    def add_one(connection: Connection) -> None:
        head = connection.scalar(text("SELECT head FROM rooms"))
        connection.execute(text("UPDATE rooms SET head = :head"), {"head": head + 1})

    async with open_database(sqlite_url) as one, open_database(sqlite_url) as other:
        room = statements.ADD_ROOM.values(name="lobby", epoch="e", head=0)
        await one.write("lobby", partial(Connection.execute, statement=room))
        calls = [lambda worker=worker: worker.write("lobby", add_one) for worker in (one, other)]
        assert [failure for failure in await together(*calls * 20) if failure] == []
        head = text("SELECT head FROM rooms")
        assert await one.read(partial(Connection.scalar, statement=head)) == 40


async def test_a_new_connection_is_set_up(sqlite_url: str) -> None:
    pragmas = {"journal_mode": "wal", "foreign_keys": 1}
    async with open_database(sqlite_url) as database:
        for name, expected in pragmas.items():
            pragma = text(f"PRAGMA {name}")
            assert await database.read(partial(Connection.scalar, statement=pragma)) == expected


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite that waits for a lock for a fifth of a second."""
    monkeypatch.setattr(module, "SERVER_SECONDS", 0.2)


def _file(url: str) -> str:
    file = resolve(url)[1].database
    assert file is not None
    return file


class TestSQLiteTickHistory(DatabaseHistoryContract):
    @pytest.fixture
    def url(self, sqlite_url: str) -> str:
        return sqlite_url
