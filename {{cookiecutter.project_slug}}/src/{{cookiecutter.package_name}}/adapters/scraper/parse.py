"""The rows of a page, from its HTML."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

from . import layout
from .page import MAX_CELL, MAX_ROWS, Row


def rows_of(html: bytes, encoding: str | None) -> list[Row]:
    """The rows that fit ``layout.py``; blocks while it parses.

    :param encoding: as the server says; ``None``: as the page itself does.
    """
    soup = BeautifulSoup(html, "lxml", from_encoding=encoding, parse_only=_around(layout.ROW))
    found = soup.select(layout.ROW, limit=MAX_ROWS + 1)
    return [
        {name: _text(row.select_one(selector)) for name, selector in layout.CELLS.items()}
        for row in found
    ]


def _around(selector: str) -> SoupStrainer | None:
    """The tag that rows stand in, where their selector begins with one.

    The rest of the page need not be built, which takes most of the time.
    """
    tag = re.match("[a-z][a-z0-9]*", selector)
    return SoupStrainer(tag[0]) if tag and not re.search("[+~,]", selector) else None


def _text(cell: Tag | None) -> str | None:
    if cell is None:
        return None
    value = cell.get(layout.VALUE)
    return (value if isinstance(value, str) else cell.get_text()).strip()[:MAX_CELL]
