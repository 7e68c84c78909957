"""Prices asked from another service, all at once; what comes in time counts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from ..domain.errors import Refused
from ..domain.ticks import NoQuote, Tick
from ..ports import QuoteSource
from ..runtime import mode

_log = logging.getLogger(__name__)

CALL_SECONDS = 2.0
"""For each of the calls, which run side by side."""


class Quotes:
    """:param source: ``None``: there is none, and every question is refused."""

    def __init__(self, source: QuoteSource | None, call_seconds: float = CALL_SECONDS) -> None:
        self._source = source
        self._call_seconds = call_seconds

    async def ask(self, symbols: Sequence[str]) -> tuple[list[Tick], list[NoQuote]]:
        """The quotes of `symbols` that can be had, and why there are none of the others.

        :raises Refused: ``upstream_timeout`` or ``upstream_failed`` if there is none of any;
            ``not_configured``.
        """
        if self._source is None:
            raise Refused("not_configured", "APP_QUOTES_URL is not set: there is nobody to ask")
        calls = (partial(self._bounded, self._source, symbol) for symbol in symbols)
        quotes, missing = [], []
        for symbol, answer in zip(symbols, await mode.together(*calls), strict=True):
            if isinstance(answer, Tick):
                quotes.append(answer)
            else:
                missing.append(_explained(symbol, answer))
        if not quotes:
            if all(one.reason == "timeout" for one in missing):
                raise Refused("upstream_timeout", "no quote came in time; try again")
            raise Refused("upstream_failed", "no quote could be had; try again later")
        return quotes, missing

    async def _bounded(self, source: QuoteSource, symbol: str) -> Tick:
        async with mode.timeout(self._call_seconds):
            return await source.fetch(symbol)


def _explained(symbol: str, error: BaseException) -> NoQuote:
    if isinstance(error, TimeoutError):
        return NoQuote(symbol, "timeout")
    _log.warning("no quote of %s: %s: %s", symbol, type(error).__name__, error)
    return NoQuote(symbol, "failed")
