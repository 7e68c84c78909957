"""PostgreSQL, through psycopg 3: the same driver and URL with an event loop and without one."""

from __future__ import annotations

from sqlalchemy.engine.interfaces import DBAPIConnection

from .driver import SERVER_SECONDS, Driver, execute

_CONNECTIONS = 10
"""In each worker. PostgreSQL allows 100 in all unless told otherwise."""


def _set_up(connection: DBAPIConnection) -> None:
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
    migrations="postgresql+psycopg",
    options={
        "pool_size": _CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": SERVER_SECONDS,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": SERVER_SECONDS},
    },
    one_writer=False,
    reading={"isolation_level": "AUTOCOMMIT"},  # one round trip instead of three
    set_up=_set_up,
    one_migration=("SELECT pg_advisory_xact_lock(hashtext('alembic_version'))",),
    has_versions="SELECT count(to_regclass('alembic_version'))",
)
