"""Whatever a page says, what is published are ticks."""

from datetime import UTC, datetime, timedelta

import pytest

from {{cookiecutter.package_name}}.adapters.scraper.page import MAX_ROWS, PageError, Row, usable
from {{cookiecutter.package_name}}.adapters.scraper.validate import ticks_of
from {{cookiecutter.package_name}}.domain.ticks import Tick

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(symbol: str | None = "ACME", price: str | None = "1.5", at: str | None = None) -> Row:
    return {"symbol": symbol, "price": price, "at": at}


def test_good_rows() -> None:
    earlier = NOW - timedelta(hours=1)
    rows = [row(), row("B.X", "-1,234,567.25", "2026-03-01T11:00:00Z"), row("C", "2e3", "")]
    ticks, complaints = ticks_of(rows, NOW)
    assert ticks == [Tick("ACME", 1.5, NOW), Tick("B.X", -1234567.25, earlier), Tick("C", 2e3, NOW)]
    assert complaints == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(symbol="acme"), "$.symbol"),
        (row(symbol=None), "symbol"),
        (row(symbol="A" * 17), "$.symbol"),
        (row(symbol="<script>"), "$.symbol"),
        (row(price="n/a"), "$.price"),
        (row(price=None), "price"),
        (row(price=""), "price"),
        (row(price="nan"), "$.price"),
        (row(price="inf"), "$.price"),
        (row(price="1e13"), "$.price"),
        (row(at="yesterday"), "$.at"),
        (row(at="2026-03-01T12:00:00"), "$.at"),
        (row(at="2026-03-01T12:02:00Z"), "$.at"),
        (row(at="9999999999999999"), "$.at"),
    ],
)
def test_a_bad_row_is_left_out(bad: Row, reason: str) -> None:
    ticks, [complaint] = ticks_of([row(), bad, row("NEXT")], NOW)
    assert [tick.symbol for tick in ticks] == ["ACME", "NEXT"]
    assert complaint.startswith("row 2: ")
    assert reason in complaint


def test_a_page_has_rows_and_not_too_many() -> None:
    assert usable([row()] * MAX_ROWS)
    with pytest.raises(PageError, match=r"layout\.py"):
        usable([])
    with pytest.raises(PageError, match="more than 1000 rows"):
        usable([row()] * (MAX_ROWS + 1))
