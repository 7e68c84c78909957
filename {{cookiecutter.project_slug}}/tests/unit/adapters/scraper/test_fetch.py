"""Documents from somebody who may be slow, endless or elsewhere."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import httpx
import pytest

from {{cookiecutter.package_name}}.adapters.scraper import fetch as module
from {{cookiecutter.package_name}}.adapters.scraper.fetch import (
    Answer,
    fetch,
    open_client,
    retry_after,
)
from {{cookiecutter.package_name}}.adapters.scraper.page import PageError

from ....support.pages import Handler, Site

MEGABYTE = 1024 * 1024


async def get(client: httpx.AsyncClient, url: str) -> Answer:
    return await fetch(client, url, MEGABYTE)


def redirect(handler: Handler, to: str) -> None:
    handler.answer(302, Location=to)


def endless(handler: Handler) -> None:
    handler.begin(200)
    while handler.write(b"x" * 65536):
        pass


def dripping(handler: Handler) -> None:
    handler.begin(200)
    while handler.write(b"x"):
        time.sleep(0.05)


def silent(handler: Handler) -> None:
    time.sleep(1.5)


async def test_a_document(client: httpx.AsyncClient, site: Site) -> None:
    answer = await get(client, site.url)
    assert (answer.status, answer.url, answer.encoding) == (200, site.url, "utf-8")
    assert b"prices" in answer.body
    assert site.asked == [("/prices", "test-bot/1.0", "200")]


async def test_redirects_on_the_same_host_are_followed(
    client: httpx.AsyncClient, site: Site
) -> None:
    site.answers = [partial(redirect, to="/b"), partial(redirect, to=f"{site.origin}/c")]
    answer = await get(client, site.url)
    assert (answer.status, answer.url) == (200, f"{site.origin}/c")
    assert site.paths() == ["/prices", "/b", "/c"]


async def test_a_loop_of_redirects_ends(client: httpx.AsyncClient, site: Site) -> None:
    site.answers = [partial(redirect, to="/prices") for _ in range(20)]
    with pytest.raises(PageError, match="more than 5 redirects"):
        await get(client, site.url)
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    "to",
    [
        "http://localhost:{port}/prices",
        "http://127.0.0.1:1/",
        "//elsewhere.invalid/",
        "ftp://127.0.0.1/",
        "http://[bad/",
    ],
)
async def test_redirects_to_elsewhere_are_not(
    client: httpx.AsyncClient, site: Site, to: str
) -> None:
    port = site.origin.rpartition(":")[2]
    site.answers = [partial(redirect, to=to.replace("{port}", port))]
    with pytest.raises(PageError, match="it redirects"):
        await get(client, site.url)
    assert len(site.asked) == 1


async def test_a_document_without_end_is_left(client: httpx.AsyncClient, site: Site) -> None:
    site.answers = [endless]
    with pytest.raises(PageError, match="more than 1048576 bytes"):
        await get(client, site.url)
    assert site.sent < 16 * MEGABYTE


async def test_a_document_that_drips_is_left(
    client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.3)
    site.answers = [dripping]
    with pytest.raises(PageError, match="in time"):
        await get(client, site.url)


async def test_silence_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP_SECONDS", 0.2)
    async with open_client("test-bot") as client:
        site.answers = [silent]
        with pytest.raises(PageError, match="in time"):
            await get(client, site.url)


async def test_nobody_listens(client: httpx.AsyncClient) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(PageError, match="ConnectError"):
            await get(client, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 0), ("120", 120), ("-1", 0), ("soon", 0), ("9" * 50, 999_999_999)]
)
def test_retry_after_as_a_number(text: str, seconds: float) -> None:
    assert retry_after({"Retry-After": text}) == seconds
    assert retry_after({}) == 0


def test_retry_after_as_a_date() -> None:
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(seconds=100), usegmt=True)
    assert 90 < retry_after({"Retry-After": later}) <= 100
    assert retry_after({"Retry-After": format_datetime(now - timedelta(days=1))}) == 0
