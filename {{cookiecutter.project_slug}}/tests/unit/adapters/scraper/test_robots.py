"""What may be read is what robots.txt allows."""

import httpx
import pytest

from {{cookiecutter.package_name}}.adapters.scraper import robots as module
from {{cookiecutter.package_name}}.adapters.scraper.page import PageError
from {{cookiecutter.package_name}}.adapters.scraper.robots import Robots

from ....support.pages import Site

AGENT = "test-bot/1.0 (+https://example.com)"


async def test_without_rules_everything_may_be_read(client: httpx.AsyncClient, site: Site) -> None:
    robots = Robots(client, AGENT)
    for _ in range(3):
        await robots.require(site.url)
    assert site.paths() == ["/robots.txt"]
    assert robots.delay == 0


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: *\nDisallow: /\n", False),
        ("User-agent: *\nDisallow: /\nAllow: /prices$\n", True),
        ("User-agent: test-bot\nDisallow: /pri*es\n", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: test-bot\nDisallow: /x\n", True),
        ("\x00\xff nonsense", True),
    ],
)
async def test_rules(client: httpx.AsyncClient, site: Site, rules: str, allowed: bool) -> None:
    site.robots = rules
    robots = Robots(client, AGENT)
    if allowed:
        await robots.require(site.url)
    else:
        with pytest.raises(PageError, match=r"robots\.txt does not allow") as refused:
            await robots.require(site.url)
        assert 3500 < refused.value.retry_after <= 3600


async def test_rules_are_read_again_after_a_time(
    client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.robots = "User-agent: *\nDisallow: /\n"
    robots = Robots(client, AGENT)
    monkeypatch.setattr(module, "RECHECK_SECONDS", 0.0)
    with pytest.raises(PageError):
        await robots.require(site.url)
    site.robots = "User-agent: *\nCrawl-delay: 7\n"
    await robots.require(site.url)
    assert robots.delay == 7


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_rules_that_cannot_be_read_allow_nothing(
    client: httpx.AsyncClient, site: Site, status: int
) -> None:
    site.robots_status = status
    robots = Robots(client, AGENT)
    with pytest.raises(PageError, match=rf"robots\.txt: the answer is {status}"):
        await robots.require(site.url)
    site.robots_status = 404
    await robots.require(site.url)
