"""SQLite: a file on this machine, shared by the workers on it.

A whole transaction is one call that blocks: a driver that goes back and forth for each statement
(as aiosqlite does) holds the only write lock several times as long.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import sqlalchemy
from sqlalchemy import URL, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection

from ...runtime.mode import run_blocking
from .driver import SERVER_SECONDS, Driver, T, Work, execute


class SQLiteEngine:
    errors: type[Exception] = sqlite3.Error

    def __init__(self, url: URL) -> None:
        self._engine = sqlalchemy.create_engine(
            url,
            hide_parameters=True,
            pool_size=4,
            max_overflow=0,
            pool_timeout=SERVER_SECONDS,
            connect_args={"timeout": SERVER_SECONDS},  # the wait for a lock
        )
        event.listen(self._engine, "connect", _set_up)

    async def read(self, work: Work[T]) -> T:
        return await run_blocking(self._read, work)

    def _read(self, work: Work[T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)

    async def write(self, work: Work[T]) -> T:
        return await run_blocking(self._write, work)

    def _write(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            # With the lock from the start: what `work` reads holds until it has written.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return work(connection)

    async def close(self) -> None:
        await run_blocking(self._engine.dispose)


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    # Readers then do not wait for the writer. The file keeps the mode once it is set, which
    # fails, often without waiting, while another connection uses the file or sets it too.
    with suppress(sqlite3.OperationalError):
        execute(connection, "PRAGMA journal_mode = WAL")
    execute(connection, "PRAGMA foreign_keys = ON")


SQLITE = Driver(
    name="sqlite+pysqlite",
    module="sqlite3",
    engine=SQLiteEngine,
    insert=insert,
    one_writer=True,
    one_migration=("PRAGMA busy_timeout = 60000", "BEGIN IMMEDIATE"),
    has_versions="SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
)
