"""What ``publish`` on the command line does."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click
import msgspec

from .adapters.http_publisher import HttpPublisher, NotPublished
from .domain.events import Moment, Symbol
from .domain.ticks import MAX_BATCH, Price, Tick


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    symbol: Symbol
    price: Price
    at: Moment | None = None


def publish_all(url: str, token: str, words: Sequence[str]) -> int:
    """Publish `words`, such as ``ACME=101.25``, or what is on the standard input; returns how many.

    :raises click.ClickException: naming the word or line that is wrong, or why it was not taken.
        What came before it in whole batches is published.
    """
    publisher = HttpPublisher(url, token)
    texts = map(_as_json, words) if words else map(str.strip, sys.stdin)
    ticks = _read(texts)
    taken = 0
    while batch := list(itertools.islice(ticks, MAX_BATCH)):
        try:
            taken += publisher.publish(batch)
        except NotPublished as error:
            raise click.ClickException(f"{taken} published, then {error}") from None
    return taken


def _as_json(word: str) -> str:
    symbol, _, price = word.partition("=")
    return f'{{"symbol": {msgspec.json.encode(symbol).decode()}, "price": {price or "null"}}}'


def _read(texts: Iterable[str]) -> Iterator[Tick]:
    for number, text in enumerate(texts, 1):
        if not text:
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
        except msgspec.DecodeError as error:
            raise click.ClickException(f"tick {number}: {error}") from None
        yield Tick(line.symbol, line.price, line.at or datetime.now(UTC))
