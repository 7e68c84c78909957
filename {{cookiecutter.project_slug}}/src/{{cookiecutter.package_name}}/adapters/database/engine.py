"""Sessions on a database: one a unit of work, each bounded in time, no driver error leaves them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from ...domain.errors import Refused, Unavailable
from ...runtime.mode import Lock, timeout
from .driver import CALL_SECONDS, CLEAN_UP_SECONDS, Driver
from .urls import resolve

_log = logging.getLogger(__name__)


class Database:
    """Where sessions come from. Shared by everything that is kept in the database."""

    def __init__(self, engine: AsyncEngine, driver: Driver) -> None:
        self.driver = driver
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()
        self._writers = async_sessionmaker(engine)
        self._readers = async_sessionmaker(engine.execution_options(**driver.reading))
        # A new connection's own set-up is not wrapped by SQLAlchemy.
        dbapi_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._failures = (SQLAlchemyError, dbapi_error, OSError, TimeoutError)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session to read with. Each statement sees what was committed when it began.

        :raises Unavailable: if the database refuses, or takes longer than :data:`CALL_SECONDS`.
        """
        async with self._answering(), self._readers() as session:
            yield session

    @asynccontextmanager
    async def writing(self, what: str) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end of the block, undone if anything is raised in it.

        :param what: names what is locked in it. This worker's writers of the same thing take turns
            here, because those who wait in the database each hold a connection.
        :raises IntegrityError: when a row that has to be unique is there already.
        :raises Refused: when the database cannot hold a value.
        :raises Unavailable: as for :meth:`reading`.
        """
        turn = self._turns.setdefault("" if self.driver.one_writer else what, Lock())
        async with self._answering(), turn, self._writers.begin() as session:
            yield session

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            # The second one cuts short what psycopg does after the first: it asks the server to
            # cancel the statement, and a frozen one keeps it waiting for another ten seconds.
            async with timeout(CALL_SECONDS), timeout(CALL_SECONDS - CLEAN_UP_SECONDS):
                yield
        except IntegrityError:
            raise
        except (DataError, UnicodeEncodeError):
            raise Refused(
                "invalid_payload", "a value is too long or holds characters that cannot be stored"
            ) from None
        except self._failures as error:
            _log.warning("database call failed: %s", reason(error))
            raise Unavailable("database") from None


@asynccontextmanager
async def open_database(url: str | None) -> AsyncIterator[Database]:
    """Connect to the database when it is first used; at the end, close every connection."""
    driver, resolved = resolve(url)
    engine = create_async_engine(resolved, hide_parameters=True, **driver.options)

    @event.listens_for(engine.pool, "connect")
    def set_up(connection: Any, _record: object) -> None:
        driver.set_up(connection)

    try:
        yield Database(engine, driver)
    finally:
        await engine.dispose()


def reason(error: BaseException) -> str:
    """One line for the log: the driver's own, without statement and values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause).__name__}: {str(cause) or 'no answer in time'}".splitlines()[0]
