"""The rows of a page, from its HTML."""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag

from . import layout
from .page import MAX_CELL, MAX_ROWS, Row


def rows_of(html: bytes, encoding: str | None) -> list[Row]:
    """The rows that fit ``layout.py``; blocks while it parses.

    :param encoding: as the server says; ``None``: as the page itself does.
    """
    soup = BeautifulSoup(html, "lxml", from_encoding=encoding)
    found = soup.select(layout.ROW, limit=MAX_ROWS + 1)
    return [
        {name: _text(row.select_one(selector)) for name, selector in layout.CELLS.items()}
        for row in found
    ]


def _text(cell: Tag | None) -> str | None:
    if cell is None:
        return None
    value = cell.get(layout.VALUE)
    return (value if isinstance(value, str) else cell.get_text()).strip()[:MAX_CELL]
