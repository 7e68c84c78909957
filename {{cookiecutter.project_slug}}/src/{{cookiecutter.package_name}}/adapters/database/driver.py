"""What differs between kinds of database: one :class:`Driver` each, everything else is shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine.interfaces import DBAPIConnection

CALL_SECONDS = 5.0
"""How long a caller waits for the database, getting a connection included."""
SERVER_SECONDS = 4
"""When the database itself gives up: earlier than the caller, so that the connection stays good."""
CLEAN_UP_SECONDS = 0.5
"""What a caller then leaves for giving up in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One kind of database and the driver through which the service reaches it.

    :param name: SQLAlchemy's name of dialect and driver.
    :param module: what that driver imports.
    :param migrations: the name for Alembic, which runs without an event loop.
    :param options: for SQLAlchemy's engine.
    :param one_writer: whether one transaction at a time may write, whatever it writes.
    :param reading: execution options of sessions that only read, a single statement at a time.
    :param set_up: run on every new connection.
    :param one_migration: run first in a migration: holds off others until the transaction ends.
    :param has_versions: true if Alembic's table of versions is there.
    """

    name: str
    module: str
    migrations: str
    options: Mapping[str, Any]
    one_writer: bool
    reading: Mapping[str, Any]
    set_up: Callable[[DBAPIConnection], None]
    one_migration: Sequence[str]
    has_versions: str


def execute(connection: DBAPIConnection, statement: str) -> None:
    """Run `statement` on a connection that SQLAlchemy does not know yet."""
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()
