"""A job: the ticks of a symbol in a day, summed up to minutes, as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from ..domain.errors import Refused
from ..domain.jobs import Export
from ..domain.ticks import Candle, Tick, candles, moment
from ..ports import TickHistory

Report = Callable[[int], Awaitable[None]]
"""Takes how far a job is, in percent."""

PAGE = 1000
"""Ticks read at once."""
MAX_TICKS = 1_000_000
"""Read by one job. The file has a line a minute, and so 1440 at most."""
BELOW_ALL_PRICES = -1e13
COLUMNS = ("minute", "open", "high", "low", "close", "count")


async def export(history: TickHistory, arguments: dict[str, Any], report: Report) -> str:
    """CSV with a line for each minute that has ticks, oldest first.

    :raises Refused: ``too_large``.
    """
    command = msgspec.convert(arguments, Export)
    begin = datetime.combine(command.day, time(), UTC)
    end = begin + timedelta(days=1)
    found: list[Candle] = []
    held: list[Tick] = []
    taken = 0
    before = (end, BELOW_ALL_PRICES)
    while True:
        page = await history.ticks(command.symbol, before, PAGE)
        held += [tick for tick in page if tick.at >= begin]
        if len(page) < PAGE or page[-1].at < begin:
            break
        taken += len(page)
        if taken > MAX_TICKS:
            raise Refused("too_large", f"the day has more than {MAX_TICKS} ticks")
        before = moment(page[-1])
        whole, held = _whole_minutes(held)
        found += reversed(candles(whole))
        await report(int(100 * (end - page[-1].at) / (end - begin)))
    found += reversed(candles(held))
    return _csv(reversed(found))


def _whole_minutes(ticks: list[Tick]) -> tuple[list[Tick], list[Tick]]:
    """Those of minutes that are complete, and those of the oldest minute, of which more may come.

    :param ticks: newest first.
    """
    if not ticks:
        return [], []
    oldest = ticks[-1].at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    whole = [tick for tick in ticks if tick.at >= oldest]
    return whole, ticks[len(whole) :]


def _csv(rows: Iterable[Candle]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        minute = row.minute.isoformat().replace("+00:00", "Z")
        writer.writerow((minute, row.open, row.high, row.low, row.close, row.count))
    return text.getvalue()
