"""The feed as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from flask import Blueprint, Response

from ..domain.errors import Refused
from ..domain.events import Ticks
from ..services.feed import Feed
from .dependencies import dependencies
from .framework import event_stream
from .operation import operation
from .symbols import SymbolsQuery, listed

bp = Blueprint("stream", __name__)

KEEP_ALIVE_SECONDS = 15.0
"""Silence after which a comment is sent: proxies close what is silent, and gone clients show."""


@bp.get("/api/v1/feed/stream")
@operation("Follow the feed", scope="feed:read")
async def follow_feed(query: SymbolsQuery) -> Response:
    """Events `ticks`, each with one line of JSON: `{"ticks": [...]}`. It begins with the latest
    tick of each symbol. A reader that is too slow gets the newest of each."""
    symbols, feed = listed(query.symbols), dependencies().feed
    feed.require_room_for_stream()
    return event_stream(_events(feed, symbols))


async def _events(feed: Feed, symbols: list[str]) -> AsyncIterator[bytes]:
    try:
        async with feed.following(symbols) as following:
            yield b":\n\n"  # so that the client knows at once that it is connected
            while (ticks := await following.next(KEEP_ALIVE_SECONDS)) is not None:
                if ticks:
                    yield b"event: ticks\ndata: " + msgspec.json.encode(Ticks(ticks)) + b"\n\n"
                else:
                    yield b":\n\n"
    except Refused:
        yield b"retry: 1000\n\n"
