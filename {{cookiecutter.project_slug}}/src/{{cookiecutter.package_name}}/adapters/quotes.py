"""Prices from elsewhere, if there is such a place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..ports import QuoteSource


@asynccontextmanager
async def open_quotes(url: str | None) -> AsyncIterator[QuoteSource | None]:
    """The service behind `url`; ``None`` if there is none."""
    if url is None:
        yield None
        return
    from .http_quotes import asking  # only now: httpx would be a tenth of every worker's start

    async with asking(url) as quotes:
        yield quotes
