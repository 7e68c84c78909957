"""What this service publishes by itself: the prices of a web page, or a made-up market."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal

import msgspec

from .adapters.scraper.browser import Browser
from .adapters.scraper.fetch import open_client
from .adapters.scraper.rendered_page import open_rendered
from .adapters.scraper.robots import Robots
from .adapters.scraper.settings import Agent, Interval, PageUrl
from .adapters.scraper.source import ScrapedPage
from .ports import Clock, TickStore
from .services.producer import Source
from .services.simulation import SimulatedMarket


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    feed: Literal["simulated", "none"] | None = None
    scraper_url: PageUrl | None = None
    scraper_interval: Interval = 30
    scraper_agent: Agent | None = None
    scraper_browser: str | None = None
    scraper_sandbox: bool = True


@asynccontextmanager
async def open_source(
    settings: SourceSettings, *, development: bool, name: str, store: TickStore, clock: Clock
) -> AsyncIterator[Source | None]:
    """Where the ticks come from that one worker publishes; ``None`` if from nowhere.

    :param development: whether there is a market unless the settings say otherwise.
    :param name: of this service, by which it asks for the page.
    :param store: what has been published.
    """
    if settings.feed is None and settings.scraper_url is not None:
        agent = settings.scraper_agent or name
        sandbox = settings.scraper_sandbox
        browser = partial(Browser, agent, settings.scraper_browser, sandbox=sandbox)
        async with (
            open_client(agent) as client,
            open_rendered(Robots(client, agent), settings.scraper_url, browser) as page,
        ):
            yield ScrapedPage(page, store, clock, settings.scraper_interval)
    else:
        usual = "simulated" if development else "none"
        yield SimulatedMarket(clock) if (settings.feed or usual) == "simulated" else None
