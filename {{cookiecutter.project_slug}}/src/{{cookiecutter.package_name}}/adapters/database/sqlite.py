"""SQLite: a file on this machine, shared by the workers on it."""

from __future__ import annotations

from sqlalchemy.engine.interfaces import DBAPIConnection

from .driver import SERVER_SECONDS, Driver, execute


def _set_up(connection: DBAPIConnection) -> None:
    execute(connection, "PRAGMA journal_mode = WAL")  # readers do not wait for the writer
    execute(connection, "PRAGMA foreign_keys = ON")


SQLITE = Driver(
    name="sqlite+aiosqlite",
    module="aiosqlite",
    migrations="sqlite+pysqlite",
    options={
        "pool_size": 4,
        "max_overflow": 0,
        "pool_timeout": SERVER_SECONDS,
        # A transaction that begins by reading could not become a writing one while another writes:
        # the first write takes the lock at once, and waits `timeout` seconds for it.
        "connect_args": {"timeout": SERVER_SECONDS, "isolation_level": "IMMEDIATE"},
    },
    one_writer=True,
    reading={},
    set_up=_set_up,
    one_migration=("PRAGMA busy_timeout = 60000", "BEGIN IMMEDIATE"),
    has_versions="SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
)
