"""Messages and ticks kept in a database, through SQLAlchemy."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from ...domain.errors import Unavailable
from ...runtime.mode import run_blocking
from .commands import migrate_command
from .engine import Database, open_database, reason
from .message_log import DatabaseMessageLog
from .migrations import Schema, upgrade
from .tick_history import DatabaseTickHistory
from .urls import database_problems

_log = logging.getLogger(__name__)

__all__ = ["DatabaseStores", "database_problems", "migrate_command", "open_stores"]


@dataclass(frozen=True, slots=True)
class DatabaseStores:
    """The adapters of one worker, sharing its connections."""

    log: DatabaseMessageLog
    history: DatabaseTickHistory


@asynccontextmanager
async def open_stores(url: str | None, *, history_size: int) -> AsyncIterator[DatabaseStores]:
    """What is kept in the database at `url`.

    An empty database gets its tables here. One that has tables is changed by a command only, and
    :meth:`DatabaseMessageLog.ping` fails until that has run; but the development file (`url` is
    ``None``) is kept up to date here too.

    :param history_size: messages kept in each room.
    """
    if not url:
        await run_blocking(upgrade, url)
    schema = await run_blocking(Schema)
    async with open_database(url) as database:
        if url and await _is_empty(database):
            await _make_tables(url)
        log = DatabaseMessageLog(database, schema, history_size=history_size)
        yield DatabaseStores(log, DatabaseTickHistory(database))


async def _is_empty(database: Database) -> bool:
    try:
        return not await database.read(lambda connection: inspect(connection).get_table_names())
    except Unavailable:
        return False  # the readiness check says so


async def _make_tables(url: str) -> None:
    try:
        await run_blocking(upgrade, url)
    except SQLAlchemyError as error:  # such as: this user may not make tables
        _log.warning("could not make the tables: %s", reason(error))
