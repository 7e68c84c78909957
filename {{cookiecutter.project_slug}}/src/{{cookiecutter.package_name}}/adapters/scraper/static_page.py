"""A page whose prices are in its HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx

from ...runtime import mode
from .fetch import Answer, fetch, retry_after
from .page import PageError, Row, usable
from .parse import rows_of
from .robots import Robots

MAX_BYTES = 2 * 1024 * 1024
HTML = ("", "text/html", "application/xhtml+xml")
CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


class StaticPage:
    """Implements :class:`~.page.Page`. It is sent again only if it has changed."""

    def __init__(self, client: httpx.AsyncClient, robots: Robots, url: str) -> None:
        self._client = client
        self._robots = robots
        self._url = url
        self._known: Answer | None = None
        """What was read last, without its body."""

    @property
    def pause(self) -> float:
        return self._robots.delay

    async def read(self) -> Sequence[Row] | None:
        answer = await fetch(self._client, self._url, MAX_BYTES, self._before)
        if answer.status == httpx.codes.NOT_MODIFIED and self._known is not None:
            return None
        if answer.status != httpx.codes.OK:
            raise PageError(f"the answer is {answer.status}", retry_after(answer.headers))
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in HTML:
            raise PageError("it is not HTML")
        rows = usable(await mode.run_blocking(rows_of, answer.body, answer.encoding))
        self._known = replace(answer, body=b"")
        return rows

    async def _before(self, url: str) -> Mapping[str, str]:
        await self._robots.require(url)
        known = self._known
        if known is None or known.url != url:
            return {}
        found = ((ask, known.headers.get(name)) for name, ask in CONDITIONS.items())
        return {ask: value for ask, value in found if value is not None}
