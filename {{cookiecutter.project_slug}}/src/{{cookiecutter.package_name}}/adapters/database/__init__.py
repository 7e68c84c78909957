"""Messages kept in a database, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...runtime.mode import run_blocking
from .commands import migrate_command
from .engine import open_database
from .message_log import DatabaseMessageLog
from .migrations import Schema, upgrade
from .urls import database_problems

__all__ = ["database_problems", "migrate_command", "open_message_log"]


@asynccontextmanager
async def open_message_log(
    url: str | None, *, history_size: int
) -> AsyncIterator[DatabaseMessageLog]:
    """The message log in the database at `url`.

    Its tables are made by a command, and :meth:`DatabaseMessageLog.ping` fails until that has
    run; those of the development file (`url` is ``None``) are made here.

    :param history_size: messages kept in each room.
    """
    if not url:
        await run_blocking(upgrade, url)
    schema = await run_blocking(Schema)
    async with open_database(url) as database:
        yield DatabaseMessageLog(database, schema, history_size=history_size)
