"""From a page to whoever subscribed, through the service in its production command."""

from collections.abc import Iterator

import httpx
import pytest

from ..support import table
from ..support.client import connect
from ..support.pages import Site, running_site
from ..support.service import Service, running_service
from ..support.waiting import eventually

AT = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="module")
def service(site: Site) -> Iterator[Service]:
    env = {"APP_SCRAPER_URL": site.url, "APP_SCRAPER_INTERVAL": "1", **table.settings()}
    with running_service(env) as service:
        yield service


def metric(service: Service, line: str) -> float:
    text = httpx.get(f"{service.url}/metrics", timeout=10).text
    found = [row for row in text.splitlines() if row.startswith(line + " ")]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_a_page_that_changes_is_heard_of(site: Site, service: Service) -> None:
    eventually(lambda: metric(service, "feed_ticks_total") == 2)
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        snapshot = watcher.call("subscribe", {"symbols": ["ACME", "BOLT"]})["snapshot"]
        assert [(t["symbol"], t["price"]) for t in snapshot] == [("ACME", 1101.25), ("BOLT", 75.5)]
        site.rows = [("ACME", "1,102", None), ("BOLT", "75.5", None), ("CRUX", "1", AT)]
        [tick] = watcher.next("ticks")["ticks"]
        assert (tick["symbol"], tick["price"]) == ("ACME", 1102)
        assert watcher.call("subscribe", {"symbols": ["CRUX"]})["snapshot"] == [
            {"symbol": "CRUX", "price": 1, "at": AT}
        ]
    assert metric(service, "feed_ticks_total") == 4


def test_bad_rows_are_left_out_and_counted(site: Site, service: Service) -> None:
    before = metric(service, 'scraped_rows_total{outcome="refused"}')
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        watcher.call("subscribe", {"symbols": ["DUNE", "ECHO"]})
        site.rows = [("acme", "1", None), ("DUNE", "n/a", None), ("ECHO", "54", None)]
        [tick] = watcher.next("ticks")["ticks"]
        assert (tick["symbol"], tick["price"]) == ("ECHO", 54)
    assert metric(service, 'scraped_rows_total{outcome="refused"}') >= before + 2
    assert "2 of 3 rows are no ticks: row 1: " in service.output()


def test_a_site_that_fails_is_left_alone_and_comes_back(site: Site, service: Service) -> None:
    failed = metric(service, 'scrapes_total{outcome="failed"}')
    broken = "<!doctype html><title>Sorry</title>"
    site.answers = [lambda handler: handler.answer(200, broken.encode())]
    eventually(lambda: metric(service, 'scrapes_total{outcome="failed"}') == failed + 1)
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        watcher.call("subscribe", {"symbols": ["BACK"]})
        site.rows = [("BACK", "1", None)]
        assert watcher.next("ticks", timeout=20)["ticks"][0]["price"] == 1
    assert "page not read: it has no row" in service.output()


def test_the_service_ends_with_a_page_that_hangs(site: Site) -> None:
    env = {"APP_SCRAPER_URL": site.url, "APP_SCRAPER_INTERVAL": "1", **table.settings()}
    with running_service(env) as service:
        eventually(lambda: metric(service, 'scrapes_total{outcome="read"}') > 0)
        site.answers = [lambda handler: site.hold()]
        eventually(lambda: site.holding)
        assert service.terminate() == 0
        site.release()
        assert "Traceback" not in service.output()
