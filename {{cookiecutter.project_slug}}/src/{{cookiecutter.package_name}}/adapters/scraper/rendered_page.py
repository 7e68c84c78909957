"""A page whose prices are put in by its scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from ...runtime import mode
from .browser import Browser
from .page import PageError, Row, usable
from .robots import Robots

READS = 200
"""With one browser: it grows with the pages it has seen."""
READ_SECONDS = 60.0


class RenderedPage:
    """Implements :class:`~.page.Page`: as it is in a browser, which is kept for the next read."""

    def __init__(self, robots: Robots, url: str, browser: Callable[[], Browser]) -> None:
        self._robots = robots
        self._url = url
        self._new_browser = browser
        self._browser: Browser | None = None

    @property
    def pause(self) -> float:
        return self._robots.delay

    async def read(self) -> Sequence[Row] | None:
        await self._robots.require(self._url)
        if self._browser is not None and self._browser.reads >= READS:
            await self.close()
        browser = self._browser = self._browser or self._new_browser()
        try:
            async with mode.timeout(READ_SECONDS):
                rows = await mode.call_driver(browser.read, self._url)
            return usable(rows)
        except TimeoutError:
            await self.close()
            raise PageError("the browser does not answer in time") from None
        except PageError:
            await self.close()
            raise

    async def close(self) -> None:
        """End the browser, whatever it does."""
        browser, self._browser = self._browser, None
        if browser is not None:
            await mode.call_driver(browser.kill)


@asynccontextmanager
async def open_rendered(
    robots: Robots, url: str, browser: Callable[[], Browser]
) -> AsyncIterator[RenderedPage]:
    """The page; its browser ends with it."""
    page = RenderedPage(robots, url, browser)
    try:
        yield page
    finally:
        await page.close()
