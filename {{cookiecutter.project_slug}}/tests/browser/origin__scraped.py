"""Where the prices of a test come from: a page, which the service reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ..support import table
from ..support.pages import Site, running_site
from ..support.service import Service


class Origin:
    """A page whose table has one row that is a tick, and one that is none."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.rows = []
        self.settings = {
            "APP_SCRAPER_URL": site.url,
            "APP_SCRAPER_INTERVAL": "1",
            **table.settings(),
        }

    def offer(self, _service: Service, symbol: str, price: float, at: datetime) -> None:
        """Let the page have a tick until the next one."""
        self._site.rows = [(symbol, f"{price:,}", at.isoformat()), (symbol, "n/a", None)]

    def refusals(self, service: Service) -> list[str]:
        """What the service has said about rows that are no ticks."""
        lines = service.output().splitlines()
        return [line for line in lines if "1 of 2 rows are no ticks: row 2: " in line]


@contextmanager
def origin() -> Iterator[Origin]:
    with running_site() as site:
        yield Origin(site)
