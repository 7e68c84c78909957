"""A page whose prices are in its HTML."""

from functools import partial

import httpx
import pytest

from {{cookiecutter.package_name}}.adapters.scraper import layout
from {{cookiecutter.package_name}}.adapters.scraper.page import PageError
from {{cookiecutter.package_name}}.adapters.scraper.parse import rows_of
from {{cookiecutter.package_name}}.adapters.scraper.robots import Robots
from {{cookiecutter.package_name}}.adapters.scraper.static_page import StaticPage

from ....support.pages import Handler, Site

AT = "2026-03-01T12:00:00Z"


@pytest.fixture
def page(client: httpx.AsyncClient, site: Site) -> StaticPage:
    return StaticPage(client, Robots(client, "test-bot"), site.url)


def say(handler: Handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.answer(status, body, **headers)


async def test_a_page_that_has_not_changed_is_not_sent_again(page: StaticPage, site: Site) -> None:
    site.rows = [("ACME", "1,101.25", AT), ("BOLT", "75.5", None)]
    assert await page.read() == [
        {"symbol": "ACME", "price": "1,101.25", "at": AT},
        {"symbol": "BOLT", "price": "75.5", "at": None},
    ]
    assert await page.read() is None
    assert await page.read() is None
    site.rows = [("ACME", "1,102", AT)]
    assert await page.read() == [{"symbol": "ACME", "price": "1,102", "at": AT}]
    assert await page.read() is None
    assert site.paths() == ["/robots.txt", *["/prices"] * 5]
    assert site.statuses() == ["200", "304", "304", "200", "304"]


async def test_last_modified_is_sent_back(page: StaticPage, site: Site) -> None:
    moment = "Sun, 01 Mar 2026 12:00:00 GMT"
    seen = []

    def note(handler: Handler) -> None:
        seen.append(handler.headers["If-Modified-Since"])
        handler.answer(304)

    table = b"<table id=prices><tr><td class=symbol>A<td class=price>1</table>"
    site.answers = [partial(say, status=200, body=table, Last_Modified=moment), note]
    assert await page.read() == [{"symbol": "A", "price": "1", "at": None}]
    assert await page.read() is None
    assert seen == [moment]


@pytest.mark.parametrize("status", [304, 400, 403, 404, 429, 500, 503])
async def test_another_answer(page: StaticPage, site: Site, status: int) -> None:
    site.answers = [partial(say, status=status, Retry_After="7")]
    with pytest.raises(PageError, match=f"the answer is {status}") as failed:
        await page.read()
    assert failed.value.retry_after == 7
    assert await page.read()


async def test_what_has_no_rows_is_asked_for_anew(page: StaticPage, site: Site) -> None:
    kept, site.rows = site.rows, []
    for _ in range(2):
        with pytest.raises(PageError, match=r"layout\.py"):
            await page.read()
    assert site.statuses() == ["200", "200"]
    site.rows = kept
    assert await page.read()


async def test_what_is_no_page(page: StaticPage, site: Site) -> None:
    site.answers = [partial(say, status=200, body=b"%PDF-1.7", kind="application/pdf")]
    with pytest.raises(PageError, match="not HTML"):
        await page.read()


async def test_what_robots_txt_forbids_is_not_asked_for(page: StaticPage, site: Site) -> None:
    site.robots = "User-agent: *\nDisallow: /prices\n"
    for _ in range(3):
        with pytest.raises(PageError, match="does not allow"):
            await page.read()
    assert site.paths() == ["/robots.txt"]


async def test_nor_is_it_by_a_redirect(page: StaticPage, site: Site) -> None:
    site.robots = "User-agent: *\nDisallow: /private\n"
    site.answers = [partial(say, status=302, Location="/private/prices")]
    with pytest.raises(PageError, match="does not allow"):
        await page.read()
    assert site.paths() == ["/robots.txt", "/prices"]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("", []),
        ("<table id=other><tr><td class=price>1</table>", []),
        ("<table id=prices><tr><th class=symbol>A</table>", []),
        ("<table id=prices><tbody><tr><td class=symbol>A</table>", [("A", None)]),
        ("<table id=prices><tr><td class=price>1<tr><td>", [(None, "1"), (None, None)]),
        ("<table id=prices><tr><td class=price data-value='1.5'>1,50 €</table>", [(None, "1.5")]),
        ("<table id=prices><tr><td class=symbol>" + 999 * "A" + "</table>", [("A" * 200, None)]),
        ("\x00<<table id=prices <tr><td", []),
    ],
)
def test_rows_of_whatever_comes(html: str, found: list[tuple[str | None, str | None]]) -> None:
    rows = rows_of(html.encode(), None)
    assert [(row["symbol"], row["price"]) for row in rows] == found


@pytest.mark.parametrize(
    "selector",
    ["table#prices tr", "#prices tr", "div > table tr", "h1 + div tr", "ul li, table tr", "tr"],
)
def test_rows_by_another_selector(selector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "ROW", selector)
    html = "<h1></h1><div><table id=prices><tr><td class=symbol>A</table></div><p>more</p>"
    assert [row["symbol"] for row in rows_of(html.encode(), None)] == ["A"]


def test_the_encoding_is_the_servers() -> None:
    html = "<table id=prices><tr><td class=symbol>Жук</table>".encode("cp1251")
    assert rows_of(html, "cp1251")[0]["symbol"] == "Жук"
    assert rows_of(html, "no such") == rows_of(html, None)


def test_no_more_rows_than_are_looked_at() -> None:
    html = "<table id=prices>" + 5000 * "<tr><td class=symbol>A" + "</table>"
    assert len(rows_of(html.encode(), None)) == 1001
