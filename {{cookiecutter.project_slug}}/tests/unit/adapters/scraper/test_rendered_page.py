"""A page whose prices are put in by its scripts, in a real browser."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from {{cookiecutter.package_name}}.adapters.scraper import browser as browsers
from {{cookiecutter.package_name}}.adapters.scraper import rendered_page
from {{cookiecutter.package_name}}.adapters.scraper.browser import Browser
from {{cookiecutter.package_name}}.adapters.scraper.page import PageError
from {{cookiecutter.package_name}}.adapters.scraper.rendered_page import RenderedPage, open_rendered
from {{cookiecutter.package_name}}.adapters.scraper.robots import Robots
from {{cookiecutter.package_name}}.runtime import mode

from ....support import table
from ....support.pages import Handler, Site
from ....support.waiting import eventually, until

AT = "2026-03-01T12:00:00Z"


def browser() -> Browser:
    return Browser("test-bot/1.0", None, sandbox=table.sandboxed())


def shells() -> list[int]:
    """The sessions that a browser of this process has to itself."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == os.getpid() and browsers.LEASH.encode() in words:
            found.append(int(folder.name))
    return found


def alive(session: int) -> list[str]:
    """The programs of a session that have not ended; one that waits to be collected has."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(name)
    return found


@pytest.fixture
async def page(client: httpx.AsyncClient, site: Site) -> AsyncIterator[RenderedPage]:
    table.require_browser()
    async with opened(client, site) as page:
        yield page
    assert shells() == [], "a browser outlived its page, or was not collected"


def opened(client: httpx.AsyncClient, site: Site) -> AbstractAsyncContextManager[RenderedPage]:
    return open_rendered(Robots(client, "test-bot"), site.url, browser)


def say(handler: Handler, html: str, **headers: str) -> None:
    handler.answer(200, html.encode(), **headers)


async def test_rows_are_those_that_scripts_put_in(page: RenderedPage, site: Site) -> None:
    site.rows = [("ACME", "1,101.25", AT), ("BOLT", "75.5", None)]
    assert await page.read() == [
        {"symbol": "ACME", "price": "1,101.25", "at": AT},
        {"symbol": "BOLT", "price": "75.5", "at": None},
    ]
    site.rows = [("ACME", "1,102", AT)]
    [first] = shells()
    assert await page.read() == [{"symbol": "ACME", "price": "1,102", "at": AT}]
    assert shells() == [first], "the browser is kept"
    assert {agent for _, agent, _ in site.asked} == {"test-bot/1.0"}


async def test_with_the_page_the_browser_ends(client: httpx.AsyncClient, site: Site) -> None:
    table.require_browser()
    async with opened(client, site) as page:
        await page.read()
        [session] = shells()
        assert len(alive(session)) > 3
        profile = page._browser._profile.name  # type: ignore[union-attr]
        assert Path(profile).is_dir()
    eventually(lambda: alive(session) == [], 10)
    assert shells() == []
    assert not Path(profile).exists()


async def test_after_many_reads_it_is_another_browser(
    page: RenderedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered_page, "READS", 2)
    seen = []
    for _ in range(4):
        await page.read()
        seen += shells()
    assert seen[0] == seen[1] != seen[2] == seen[3]
    assert alive(seen[0]) == []


async def test_after_a_browser_that_died_comes_another(page: RenderedPage) -> None:
    await page.read()
    [session] = shells()
    os.kill(session, signal.SIGKILL)
    driver = subprocess.run(["pkill", "-KILL", "-s", str(session)], check=False)
    assert driver.returncode == 0, "what it had started was gone already"
    with pytest.raises(PageError, match="no answer"):
        await page.read()
    assert await page.read()
    assert shells() != [session]


async def test_a_browser_that_hangs_is_ended(
    page: RenderedPage, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.read()
    [session] = shells()
    monkeypatch.setattr(rendered_page, "READ_SECONDS", 1.0)
    site.answers = [lambda handler: site.hold()]
    with pytest.raises(PageError, match="in time"):
        await page.read()
    assert site.holding
    site.release()
    eventually(lambda: alive(session) == [], 10)


async def test_a_browser_ends_also_in_the_middle_of_a_read(
    client: httpx.AsyncClient, site: Site
) -> None:
    table.require_browser()
    async with opened(client, site) as page:
        await page.read()
        [session] = shells()
        site.answers = [lambda handler: site.hold()]
        reading = mode.spawn(read_and_fail, page)
        await until(lambda: site.holding)
        await mode.stop(reading)
    assert site.holding, "it waited for the page"
    site.release()
    eventually(lambda: alive(session) == [], 10)
    assert shells() == []


async def read_and_fail(page: RenderedPage) -> None:
    with suppress(PageError):
        await page.read()


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<table id='prices'></table>", "layout"),
        ("<script>while (true) {}</script>", "no answer|in time"),
        ("<script>alert('hello')</script>", "layout"),
        ("<script>location = 'about:blank'</script>", "another host|layout"),
    ],
)
async def test_a_page_without_prices(
    page: RenderedPage, site: Site, monkeypatch: pytest.MonkeyPatch, html: str, reason: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(browsers, "ROWS_SECONDS", 0.5)
        if "while" in html:
            patch.setattr(browsers, "LOAD_SECONDS", 2)
        site.answers = [partial(say, html=html)]
        with pytest.raises(PageError, match=reason):
            await page.read()
    assert await page.read()


async def test_redirects_to_elsewhere_are_not_read(page: RenderedPage, site: Site) -> None:
    port = site.origin.rpartition(":")[2]
    site.answers = [lambda handler: handler.answer(302, Location=f"http://localhost:{port}/prices")]
    with pytest.raises(PageError, match="another host"):
        await page.read()


async def test_what_robots_txt_forbids_is_not_asked_for(page: RenderedPage, site: Site) -> None:
    site.robots = "User-agent: *\nDisallow: /\n"
    with pytest.raises(PageError, match="does not allow"):
        await page.read()
    assert site.paths() == ["/robots.txt"]


async def test_nobody_listens(client: httpx.AsyncClient, site: Site) -> None:
    table.require_browser()
    robots = Robots(client, "test-bot")
    await robots.require(site.url)
    async with open_rendered(robots, site.url, browser) as page:
        site.close()
        with pytest.raises(PageError, match="ERR_CONNECTION_REFUSED"):
            await page.read()


async def test_no_chromedriver(
    client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with opened(client, site) as page:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(PageError, match="chromedriver is not on PATH"):
            await page.read()


async def test_no_browser(client: httpx.AsyncClient, site: Site, tmp_path: Path) -> None:
    table.require_browser()
    robots = Robots(client, "test-bot")
    missing = partial(Browser, "test-bot", str(tmp_path / "none"), sandbox=False)
    async with open_rendered(robots, site.url, missing) as page:
        assert shells() == []
        with pytest.raises(PageError, match="does not start"):
            await page.read()
    assert shells() == []


KILLED = """
import os, sys
from {{cookiecutter.package_name}}.adapters.scraper.browser import Browser
browser = Browser("test-bot", None, sandbox={sandbox})
browser.read({url!r})
print(browser._service.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_process_that_is_killed_takes_its_browser_along(site: Site) -> None:
    table.require_browser()
    script = KILLED.format(sandbox=table.sandboxed(), url=site.url)
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == -9
    session = int(done.stdout)
    eventually(lambda: alive(session) == [], 10)
