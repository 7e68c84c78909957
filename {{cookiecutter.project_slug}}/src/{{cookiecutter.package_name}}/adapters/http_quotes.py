"""Prices from another service over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import msgspec

from ..domain.ticks import Price, Tick

SYMBOL = "{symbol}"
ANSWER_SECONDS = 2.0
"""To connect, and between two pieces of the answer."""
MAX_ANSWER_BYTES = 65536
MAX_CONNECTIONS = 50


class _Answer(msgspec.Struct):
    price: Price
    at: datetime | None = None


class HttpQuotes:
    """Implements :class:`~..ports.QuoteSource`.

    :param url: where ``{symbol}`` is put in; without it, the symbol is appended to the path. The
        answer is JSON: an object with a ``price`` and, if it likes, a time ``at``.
    """

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url if SYMBOL in url else f"{url.rstrip('/')}/{SYMBOL}"

    async def fetch(self, symbol: str) -> Tick:
        body = b""
        try:
            async with self._client.stream("GET", self._url.replace(SYMBOL, symbol)) as response:
                if response.status_code != httpx.codes.OK:
                    raise ValueError(f"answered with {response.status_code}")
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ValueError("the answer is too long")
        except httpx.TimeoutException:
            raise TimeoutError from None
        except httpx.HTTPError as error:
            raise OSError(type(error).__name__) from None
        answer = msgspec.json.decode(body, type=_Answer)
        at = answer.at or datetime.now(UTC)
        return Tick(symbol, answer.price, at if at.tzinfo else at.replace(tzinfo=UTC))


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[HttpQuotes]:
    """The service behind `url`."""
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits) as client:
        yield HttpQuotes(client, url)
