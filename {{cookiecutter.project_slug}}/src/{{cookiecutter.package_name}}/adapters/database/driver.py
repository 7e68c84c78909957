"""What differs between kinds of database: one :class:`Driver` each, everything else is shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Table
from sqlalchemy.engine.interfaces import DBAPIConnection

T = TypeVar("T")
Work = Callable[[Connection], T]
"""What is done on a connection. Plain functions: the engine decides where they run."""

CALL_SECONDS = 5.0
"""How long a caller waits for the database, getting a connection included."""
SERVER_SECONDS = 4
"""When the database itself gives up: earlier than the caller, so that the connection stays good."""
CLEAN_UP_SECONDS = 0.5
"""What a caller then leaves for giving up in order."""


class DatabaseEngine(Protocol):
    """Connections to a database, none of which may hold up the service while it waits."""

    errors: type[Exception]
    """What the driver itself raises."""

    async def read(self, work: Work[T]) -> T:
        """Run `work`, each statement of which sees what was committed when it began."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; nothing of it stays if it raises."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One kind of database and the driver through which the service reaches it.

    :param name: SQLAlchemy's name of dialect and driver.
    :param module: what that driver imports.
    :param engine: opens the engine; connections are made when they are first used.
    :param insert: an INSERT of its dialect, for ON CONFLICT, which has no form that all know.
    :param one_writer: whether one transaction at a time may write, whatever it writes.
    :param one_migration: run first in a migration: holds off others until the transaction ends.
    :param has_versions: true if Alembic's table of versions is there.
    """

    name: str
    module: str
    engine: Callable[[URL], DatabaseEngine]
    insert: Callable[[Table], Any]
    one_writer: bool
    one_migration: Sequence[str]
    has_versions: str


def execute(connection: DBAPIConnection, statement: str) -> None:
    """Run `statement` on a connection that SQLAlchemy does not know yet."""
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()
