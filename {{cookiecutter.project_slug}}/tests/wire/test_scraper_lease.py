"""Of several services one reads the page; when it goes, another does."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ..support import table
from ..support.client import connect
from ..support.pages import Site, running_site
from ..support.service import running_service
from ..support.valkey import Valkey
from ..support.waiting import eventually


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


def test_one_of_two_services_reads_the_page(site: Site, valkey: Valkey) -> None:
    env = {"APP_SCRAPER_URL": site.url, "APP_SCRAPER_INTERVAL": "1", **table.settings()}
    env["REDIS_URL"] = valkey.url
    with ExitStack() as stack:
        services = {
            name: stack.enter_context(running_service({**env, "APP_SCRAPER_AGENT": name}))
            for name in ("first-bot", "second-bot")
        }
        watchers = [
            stack.enter_context(connect(s.url, s.token("eve", "feed:read"), "/feed"))
            for s in services.values()
        ]
        eventually(lambda: len(site.statuses()) >= 3)
        for watcher in watchers:
            assert watcher.call("subscribe", {"symbols": ["ACME"]})["snapshot"]
        time.sleep(3)
        [reader] = {agent for _, agent, _ in site.asked}
        site.rows = [("ACME", "7", None)]
        for watcher in watchers:
            assert [tick["price"] for tick in watcher.next("ticks")["ticks"]] == [7]

        assert services[reader].terminate() == 0
        before = len(site.asked)
        eventually(lambda: len(site.asked) > before + 1)
        [other] = {agent for _, agent, _ in site.asked[before:]}
        assert other != reader
        [watcher] = [w for n, w in zip(services, watchers, strict=True) if n == other]
        site.rows = [("ACME", "8", None)]
        assert [tick["price"] for tick in watcher.next("ticks")["ticks"]] == [8]
