"""The ticks of every symbol, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, Row

from ...domain.ticks import Candle, Tick, candles, moment
from . import tick_statements as statements
from .engine import Database

KEPT = timedelta(days=30)
"""For which ticks are kept. Candles stay."""
FORGETTING = timedelta(hours=1)
"""Between two times at which old ticks are deleted."""

Rows = Sequence[Row[*tuple[Any, ...]]]


class DatabaseTickHistory:
    """Implements :class:`~..ports.TickHistory`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._record_ticks = statements.record_ticks(database.driver.insert)
        self._record_candles = statements.record_candles(database.driver.insert)
        self._forgot_at = datetime.min.replace(tzinfo=UTC)

    async def record(self, ticks: Sequence[Tick]) -> None:
        # In one order, so that two workers that write the same rows do not wait for each other.
        unique = sorted({(tick.symbol, *moment(tick)) for tick in ticks})
        rows = [{"symbol": symbol, "at": at, "price": price} for symbol, at, price in unique]

        def work(connection: Connection) -> None:
            added = connection.execute(self._record_ticks, rows).all()
            new = [Tick(symbol, price, at) for symbol, at, price in added]
            if new:
                connection.execute(self._record_candles, _candle_rows(new))

        if rows:
            await self._database.write("ticks", work)
        await self._forget()

    async def ticks(
        self, symbol: str, before: tuple[datetime, float] | None, limit: int
    ) -> list[Tick]:
        values: dict[str, Any] = {"of_symbol": symbol, "at_most": limit}
        statement = statements.LATEST
        if before is not None:
            statement = statements.BEFORE
            values |= {"a_time": before[0], "a_price": before[1]}
        return [Tick(symbol, price, at) for at, price in await self._rows(statement, values)]

    async def candles(self, symbol: str, before: datetime | None, limit: int) -> list[Candle]:
        values: dict[str, Any] = {"of_symbol": symbol, "at_most": limit}
        statement = statements.LATEST_CANDLES
        if before is not None:
            statement = statements.CANDLES_BEFORE
            values["a_time"] = before
        return [Candle(symbol, *row) for row in await self._rows(statement, values)]

    async def _forget(self) -> None:
        """Now and then, delete what is older than :data:`KEPT`."""
        now = datetime.now(UTC)
        if now - self._forgot_at < FORGETTING:
            return
        self._forgot_at = now

        def work(connection: Connection) -> None:
            connection.execute(statements.FORGET_TICKS, {"a_time": now - KEPT})

        await self._database.write("ticks", work)

    async def _rows(self, statement: Executable, values: dict[str, Any]) -> Rows:
        def read(connection: Connection) -> Rows:
            return connection.execute(statement, values).all()

        return await self._database.read(read)


def _candle_rows(ticks: Sequence[Tick]) -> list[dict[str, Any]]:
    times: dict[tuple[str, datetime], list[datetime]] = {}
    for tick in ticks:
        minute = tick.at.replace(second=0, microsecond=0)
        times.setdefault((tick.symbol, minute), []).append(tick.at)
    return [
        {
            "symbol": candle.symbol,
            "minute": candle.minute,
            "open": candle.open,
            "high": candle.high,
            "low": candle.low,
            "close": candle.close,
            "count": candle.count,
            "opened_at": min(times[candle.symbol, candle.minute]),
            "closed_at": max(times[candle.symbol, candle.minute]),
        }
        for candle in candles(ticks)
    ]
