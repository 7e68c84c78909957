"""Units of work on a database: each bounded in time, and no driver's error leaves them."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from ...domain.errors import Refused, Unavailable
from ...runtime import tracing
from ...runtime.metrics import BACKEND_SECONDS
from ...runtime.mode import Lock, timeout
from .driver import CALL_SECONDS, CLEAN_UP_SECONDS, DatabaseEngine, Driver, T, Work
from .urls import resolve

_log = logging.getLogger(__name__)


class Database:
    """Shared by everything of this worker that is kept in the database."""

    def __init__(self, engine: DatabaseEngine, driver: Driver) -> None:
        self.driver = driver
        self._engine = engine
        self._failures = (SQLAlchemyError, engine.errors, OSError, TimeoutError)
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def read(self, work: Work[T]) -> T:
        """Run `work`, each statement of which sees what was committed when it began.

        :raises Unavailable: if the database refuses, or takes longer than :data:`CALL_SECONDS`.
        """
        async with self._answering():
            return await self._engine.read(work)

    async def write(self, what: str, work: Work[T]) -> T:
        """Run `work` in a transaction; nothing of it stays if it raises.

        :param what: names what it locks. This worker's writers of the same thing take turns here,
            because those who wait in the database each hold a connection.
        :raises IntegrityError: when a row that has to be unique is there already.
        :raises Refused: when the database cannot hold a value.
        :raises Unavailable: as for :meth:`read`; `work` may have been done nevertheless.
        """
        turn = self._turns.setdefault("" if self.driver.one_writer else what, Lock())
        async with self._answering(), turn:
            return await self._engine.write(work)

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        started = time.monotonic()
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
        finally:
            BACKEND_SECONDS.labels("database").observe(time.monotonic() - started)


@asynccontextmanager
async def open_database(url: str | None) -> AsyncIterator[Database]:
    """The database at `url`; at the end every connection is closed."""
    if tracing.is_on():
        from .traced import trace_statements  # an extra, which need not be installed

        trace_statements()
    driver, resolved = resolve(url)
    engine = driver.engine(resolved)
    try:
        yield Database(engine, driver)
    finally:
        await engine.close()


def reason(error: BaseException) -> str:
    """One line for people: the driver's own, without statement and values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause).__name__}: {str(cause) or 'no answer in time'}".splitlines()[0]
