"""A page as a source: what changed is published, what failed is left alone for a while."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from {{cookiecutter.package_name}}.adapters.memory import MemoryTickStore
from {{cookiecutter.package_name}}.adapters.scraper.metrics import SCRAPED_ROWS, SCRAPES
from {{cookiecutter.package_name}}.adapters.scraper.page import PageError, Row
from {{cookiecutter.package_name}}.adapters.scraper.source import ScrapedPage
from {{cookiecutter.package_name}}.domain.ticks import Tick

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Page:
    """`now`: its rows, that they are the same as before, or why there are none."""

    pause = 0.0

    def __init__(self) -> None:
        self.now: Sequence[Row] | PageError | None = []

    async def read(self) -> Sequence[Row] | None:
        if isinstance(self.now, PageError):
            raise self.now
        return self.now


class Reader:
    def __init__(self, interval: float = 10) -> None:
        self.page = Page()
        self.store = MemoryTickStore()
        self.time = NOW
        self.source = ScrapedPage(self.page, self.store, lambda: self.time, interval)

    async def read(self, now: Sequence[Row] | PageError | None, publish: bool = True) -> list[Tick]:
        self.page.now = now
        self.time += timedelta(seconds=10)
        ticks = list(await self.source.read())
        if publish:
            await self.store.put(ticks, key=None, fence=None)
        return ticks


def rows(**prices: str) -> list[Row]:
    return [{"symbol": symbol, "price": price} for symbol, price in prices.items()]


def count(metric: object, outcome: str) -> float:
    value: float = metric.labels(outcome)._value.get()  # type: ignore[attr-defined]
    return value


async def test_only_changed_prices_are_published() -> None:
    reader = Reader()
    first = await reader.read(rows(A="1", B="2"))
    assert [(tick.symbol, tick.price) for tick in first] == [("A", 1), ("B", 2)]
    assert await reader.read(rows(A="1", B="2.0")) == []
    assert await reader.read(rows(A="1", B="3")) == [Tick("B", 3, reader.time)]
    assert await reader.read(None) == []


async def test_what_was_not_published_comes_again_though_the_page_is_the_same() -> None:
    reader = Reader()
    lost = await reader.read(rows(A="1"), publish=False)
    assert await reader.read(None, publish=False) == lost
    assert await reader.read(None) == lost
    assert await reader.read(None) == []


async def test_what_the_page_had_before_somebody_else_published_is_no_news() -> None:
    reader = Reader()
    await reader.read(rows(A="1"))
    reader.time += timedelta(seconds=1)
    await reader.store.put([Tick("A", 5, reader.time)], key=None, fence=None)
    assert await reader.read(None) == []
    assert await reader.read(rows(A="1")) == [Tick("A", 1, reader.time)]


async def test_a_symbol_that_is_there_twice_comes_once() -> None:
    reader = Reader()
    assert await reader.read([*rows(A="1"), *rows(A="2")]) == [Tick("A", 2, reader.time)]


async def test_bad_rows_are_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    taken, refused = count(SCRAPED_ROWS, "taken"), count(SCRAPED_ROWS, "refused")
    reader = Reader()
    bad = rows(a="1", b="1", c="1", d="1", e="1", f="1", g="1")
    assert len(await reader.read([*rows(A="1"), *bad])) == 1
    assert await reader.read(None) == []
    [record] = caplog.records
    assert "7 of 8 rows are no ticks: row 2: " in record.message
    assert record.message.endswith("; and 2 more")
    assert count(SCRAPED_ROWS, "taken") == taken + 1
    assert count(SCRAPED_ROWS, "refused") == refused + 7


async def test_after_failures_it_waits_longer_and_longer(caplog: pytest.LogCaptureFixture) -> None:
    failed = count(SCRAPES, "failed")
    reader = Reader(interval=10)
    pauses = []
    for _ in range(8):
        assert await reader.read(PageError("the answer is 500")) == []
        pauses.append(reader.source.interval)
    for pause, usual in zip(pauses, [10, 20, 40, 80, 160, 300, 300, 300], strict=True):
        assert usual <= pause <= usual * 1.5
    assert len(set(pauses)) == len(pauses), "services that failed together would return together"
    assert "page not read: the answer is 500; again in " in caplog.text
    assert count(SCRAPES, "failed") == failed + 8
    await reader.read(rows(A="1"))
    assert reader.source.interval == 10
    await reader.read(PageError("the answer is 500"))
    assert reader.source.interval <= 15


async def test_it_waits_as_long_as_the_page_asks_but_not_forever() -> None:
    reader = Reader(interval=10)
    await reader.read(PageError("busy", retry_after=1000))
    assert reader.source.interval == 1000
    await reader.read(PageError("busy", retry_after=1e9))
    assert reader.source.interval == 3600
    await reader.read(rows(A="1"))
    reader.page.pause = 60
    assert reader.source.interval == 60


async def test_a_long_interval_is_not_made_shorter_by_failures() -> None:
    reader = Reader(interval=1000)
    for _ in range(3):
        await reader.read(PageError("the answer is 500"))
        assert 1000 <= reader.source.interval <= 1500
