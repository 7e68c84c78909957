"""A page as a source of the feed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...domain.ticks import Tick, newest
from ...ports import Clock, TickStore
from .backoff import Backoff
from .metrics import SCRAPED_ROWS, SCRAPES
from .page import Page, PageError, Row
from .validate import ticks_of

_log = logging.getLogger(__name__)

SHOWN = 5
"""Complaints about rows in one line of the log."""


class ScrapedPage:
    """Implements :class:`~...services.producer.Source`: the prices that changed.

    :param store: what has been published. A price counts as changed as long as another one is in
        there, so that what could not be published comes again, also from the next worker.
    :param interval: seconds between two reads.
    """

    def __init__(self, page: Page, store: TickStore, clock: Clock, interval: float) -> None:
        self._page = page
        self._store = store
        self._clock = clock
        self._usual = interval
        self._backoff = Backoff(interval)
        self._failed_for = 0.0
        self._ticks: list[Tick] = []
        """Of the page as it was read last."""

    @property
    def interval(self) -> float:
        return max(self._usual, self._page.pause, self._failed_for)

    async def read(self) -> Sequence[Tick]:
        try:
            rows = await self._page.read()
        except PageError as error:
            SCRAPES.labels("failed").inc()
            self._failed_for = self._backoff.failed(error.retry_after)
            _log.warning("page not read: %s; again in %.0f s", error, self.interval)
            return []
        self._backoff.succeeded()
        self._failed_for = 0.0
        SCRAPES.labels("unchanged" if rows is None else "read").inc()
        if rows is not None:
            self._ticks = self._valid(rows)
        return await self._news()

    def _valid(self, rows: Sequence[Row]) -> list[Tick]:
        ticks, complaints = ticks_of(rows, self._clock())
        SCRAPED_ROWS.labels("taken").inc(len(ticks))
        SCRAPED_ROWS.labels("refused").inc(len(complaints))
        if complaints:
            rest = len(complaints) - SHOWN
            shown = "; ".join(complaints[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
            _log.warning("%d of %d rows are no ticks: %s", len(complaints), len(rows), shown)
        return list(newest(ticks).values())

    async def _news(self) -> list[Tick]:
        published = await self._store.latest([tick.symbol for tick in self._ticks])
        return [tick for tick in self._ticks if _is_news(tick, published.get(tick.symbol))]


def _is_news(tick: Tick, published: Tick | None) -> bool:
    return published is None or (tick.price != published.price and tick.at >= published.at)
