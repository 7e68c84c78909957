"""Prices from another service."""

from __future__ import annotations

import msgspec
from flask import Blueprint

from ..domain.ticks import NoQuote, Tick
from .dependencies import dependencies
from .operation import operation
from .symbols import SymbolsQuery, listed

bp = Blueprint("quotes", __name__)


class QuotesAnswer(msgspec.Struct, frozen=True):
    quotes: list[Tick]
    missing: list[NoQuote]


@bp.get("/api/v1/quotes")
@operation(
    "Ask for quotes",
    scope="feed:read",
    codes=("upstream_timeout", "upstream_failed", "not_configured"),
)
async def ask_quotes(query: SymbolsQuery) -> QuotesAnswer:
    """Asks another service, for all symbols at once; whatever does not come in time is missing."""
    quotes, missing = await dependencies().quotes.ask(listed(query.symbols))
    return QuotesAnswer(quotes, missing)
