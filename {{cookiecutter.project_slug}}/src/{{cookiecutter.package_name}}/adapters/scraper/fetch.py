"""Getting a document over HTTP from somebody who may be slow, endless or elsewhere."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from ...runtime import mode
from .page import PageError

STEP_SECONDS = 5.0
"""To connect, and between two pieces of the answer."""
TOTAL_SECONDS = 15.0
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """`url`: where redirects led to. `encoding`: as the server says. `body`: with status 200."""

    url: str
    status: int
    headers: httpx.Headers
    encoding: str | None
    body: bytes


@asynccontextmanager
async def open_client(agent: str) -> AsyncIterator[httpx.AsyncClient]:
    """:param agent: how it names itself."""
    limits = httpx.Limits(max_connections=2)
    headers = {"User-Agent": agent}
    async with httpx.AsyncClient(timeout=STEP_SECONDS, limits=limits, headers=headers) as client:
        yield client


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    max_bytes: int,
    before: Callable[[str], Awaitable[Mapping[str, str]]] | None = None,
) -> Answer:
    """Get a document, following redirects on its own host.

    :param before: called with each address, before it is asked; returns headers to send.
    :raises PageError: if there is none, it takes too long, or it is too large.
    """
    for _ in range(MAX_REDIRECTS + 1):
        headers = {} if before is None else await before(url)
        answer = await _ask(client, url, headers, max_bytes)
        if not 300 <= answer.status < 400 or "Location" not in answer.headers:
            return answer
        url = _next(url, answer.headers["Location"])
    raise PageError(f"more than {MAX_REDIRECTS} redirects")


async def _ask(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], max_bytes: int
) -> Answer:
    until = time.monotonic() + TOTAL_SECONDS
    body = bytearray()
    try:
        async with (
            mode.timeout(TOTAL_SECONDS),
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == httpx.codes.OK:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > max_bytes:
                        raise PageError(f"it has more than {max_bytes} bytes")
                    if time.monotonic() > until:  # a thread is not interrupted by the timeout
                        raise TimeoutError
            encoding = response.charset_encoding
            return Answer(url, response.status_code, response.headers, encoding, bytes(body))
    except (TimeoutError, httpx.TimeoutException):
        raise PageError("it does not answer in time") from None
    except httpx.HTTPError as error:
        raise PageError(f"no answer ({type(error).__name__})") from None


def _next(url: str, location: str) -> str:
    here = httpx.URL(url)
    try:
        there = here.join(location)
    except httpx.InvalidURL:
        raise PageError("it redirects to what is no address") from None
    origins = [(here.scheme, here.port), ("https", None)]
    if there.host != here.host or (there.scheme, there.port) not in origins:
        raise PageError("it redirects to another host")
    return str(there)


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that ``Retry-After`` asks for, which is a number or a date; 0 if it does not."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
