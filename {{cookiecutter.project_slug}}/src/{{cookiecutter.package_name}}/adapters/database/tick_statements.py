"""The statements of the tick history. They are built once: building takes as long as running."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Double,
    Executable,
    String,
    Table,
    bindparam,
    case,
    delete,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from .models import CandleRow, TickRow, UTCDateTime

Insert = postgresql.Insert | sqlite.Insert

ticks = cast(Table, TickRow.__table__)
candles = cast(Table, CandleRow.__table__)

SYMBOL = bindparam("of_symbol", type_=String())
TIME = bindparam("a_time", type_=UTCDateTime())
PRICE: BindParameter[float] = bindparam("a_price", type_=Double())
LIMIT = bindparam("at_most", type_=BigInteger())

LATEST = (
    select(ticks.c.at, ticks.c.price)
    .where(ticks.c.symbol == SYMBOL)
    .order_by(ticks.c.at.desc(), ticks.c.price.desc())
    .limit(LIMIT)
)
BEFORE = LATEST.where(tuple_(ticks.c.at, ticks.c.price) < tuple_(TIME, PRICE))
LATEST_CANDLES = (
    select(
        candles.c.minute,
        candles.c.open,
        candles.c.high,
        candles.c.low,
        candles.c.close,
        candles.c.count,
    )
    .where(candles.c.symbol == SYMBOL)
    .order_by(candles.c.minute.desc())
    .limit(LIMIT)
)
CANDLES_BEFORE = LATEST_CANDLES.where(candles.c.minute < TIME)
FORGET_TICKS = delete(ticks).where(ticks.c.at < TIME)


def record_ticks(dialect: str) -> Executable:
    """Adds rows, and gives back those that were not there yet."""
    return (
        _insert(dialect, ticks)
        .on_conflict_do_nothing()
        .returning(ticks.c.symbol, ticks.c.at, ticks.c.price)
    )


def record_candles(dialect: str) -> Executable:
    """Adds what new ticks amount to, to what was there."""
    insert = _insert(dialect, candles)
    new: Any = insert.excluded
    opens, closes = new.opened_at < candles.c.opened_at, new.closed_at >= candles.c.closed_at
    return insert.on_conflict_do_update(
        index_elements=["symbol", "minute"],
        set_={
            "open": case((opens, new.open), else_=candles.c.open),
            "opened_at": case((opens, new.opened_at), else_=candles.c.opened_at),
            "close": case((closes, new.close), else_=candles.c.close),
            "closed_at": case((closes, new.closed_at), else_=candles.c.closed_at),
            "high": case((new.high > candles.c.high, new.high), else_=candles.c.high),
            "low": case((new.low < candles.c.low, new.low), else_=candles.c.low),
            "count": candles.c.count + new.count,
        },
    )


def _insert(dialect: str, table: Table) -> Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
