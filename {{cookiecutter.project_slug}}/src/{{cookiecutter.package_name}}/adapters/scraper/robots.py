"""What a site lets programs read: its robots.txt (RFC 9309)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from protego import Protego

from ...runtime import mode
from .fetch import fetch, retry_after
from .page import PageError

RECHECK_SECONDS = 3600.0
MAX_BYTES = 512 * 1024
MAX_DELAY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Rules:
    parsed: Protego
    good_until: float


class Robots:
    """The rules of the origins that are asked, each read once an hour.

    :param agent: how the service names itself: ``prices-bot/1.0 (+https://example.com)``. Rules are
        for the name before the version.
    """

    def __init__(self, client: httpx.AsyncClient, agent: str) -> None:
        self._client = client
        self._name = re.split("[/ ]", agent, maxsplit=1)[0]
        self._rules: dict[str, _Rules] = {}
        """Of the page's host: http, https or both."""

    @property
    def delay(self) -> float:
        """Seconds that the site asks to leave between two reads."""
        asked = [rules.parsed.crawl_delay(self._name) for rules in self._rules.values()]
        return min(max(filter(None, asked), default=0.0), MAX_DELAY_SECONDS)

    async def require(self, url: str) -> None:
        """:raises PageError: if `url` may not be read, or the rules cannot be."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules = self._rules.get(origin)
        if rules is None or time.monotonic() > rules.good_until:
            rules = await self._read(origin)
            self._rules[origin] = rules
        if not rules.parsed.can_fetch(url, self._name):
            left = rules.good_until - time.monotonic()
            raise PageError("robots.txt does not allow it", retry_after=left)

    async def _read(self, origin: str) -> _Rules:
        try:
            answer = await fetch(self._client, f"{origin}/robots.txt", MAX_BYTES)
        except PageError as error:
            raise PageError(f"robots.txt: {error}") from None
        text = b""  # that there is none allows everything
        if answer.status == httpx.codes.OK:
            text = answer.body
        elif not httpx.codes.is_client_error(answer.status) or answer.status == 429:
            reason = f"robots.txt: the answer is {answer.status}"
            raise PageError(reason, retry_after(answer.headers))
        parsed = await mode.run_blocking(Protego.parse, text.decode(errors="replace"))
        return _Rules(parsed, time.monotonic() + RECHECK_SECONDS)
