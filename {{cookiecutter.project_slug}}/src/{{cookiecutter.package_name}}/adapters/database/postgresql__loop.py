"""PostgreSQL, through psycopg 3 and SQLAlchemy's engine for event loops."""

from __future__ import annotations

import psycopg
import sqlalchemy.ext.asyncio
from sqlalchemy import URL, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine.interfaces import DBAPIConnection

from .driver import SERVER_SECONDS, Driver, T, Work, execute

CONNECTIONS = 10
"""In each worker. PostgreSQL allows 100 in all unless told otherwise."""


class PostgreSQLEngine:
    errors: type[Exception] = psycopg.Error

    def __init__(self, url: URL) -> None:
        self._engine = sqlalchemy.ext.asyncio.create_async_engine(
            url,
            hide_parameters=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=SERVER_SECONDS,
            pool_pre_ping=True,
            connect_args={"connect_timeout": SERVER_SECONDS},
        )
        event.listen(self._engine.pool, "connect", _set_up)
        # One round trip instead of three.
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Work[T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Work[T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    # Statements and not the `options` of the connection, which poolers such as PgBouncer refuse.
    # The second one frees the room that a frozen worker holds locked.
    execute(
        connection,
        f"SET statement_timeout = '{SERVER_SECONDS}s';"
        f"SET idle_in_transaction_session_timeout = '{2 * SERVER_SECONDS}s';"
        "SET TIME ZONE 'UTC'",
    )
    connection.commit()


POSTGRESQL = Driver(
    name="postgresql+psycopg",
    module="psycopg",
    engine=PostgreSQLEngine,
    insert=insert,
    one_writer=False,
    one_migration=("SELECT pg_advisory_xact_lock(hashtext('alembic_version'))",),
    has_versions="SELECT count(to_regclass('alembic_version'))",
)
