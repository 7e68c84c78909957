"""The statements of the tick history. They are built once: building takes as long as running."""

from __future__ import annotations

from collections.abc import Callable
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

from .models import CandleRow, TickRow, UTCDateTime

Insert = Callable[[Table], Any]
"""Of a :class:`~.driver.Driver`."""

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


def record_ticks(insert: Insert) -> Executable:
    """Adds rows, and gives back those that were not there yet."""
    statement: Executable = (
        insert(ticks).on_conflict_do_nothing().returning(ticks.c.symbol, ticks.c.at, ticks.c.price)
    )
    return statement


def record_candles(insert: Insert) -> Executable:
    """Adds what new ticks amount to, to what was there."""
    adding = insert(candles)
    new = adding.excluded
    opens, closes = new.opened_at < candles.c.opened_at, new.closed_at >= candles.c.closed_at
    statement: Executable = adding.on_conflict_do_update(
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
    return statement
