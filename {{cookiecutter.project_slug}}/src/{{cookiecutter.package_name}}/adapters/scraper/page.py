"""What is read of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from ...domain.ticks import MAX_BATCH

MAX_ROWS = MAX_BATCH
MAX_CELL = 200
"""Characters of a cell that are looked at."""

Row: TypeAlias = Mapping[str, str | None]
"""The texts of a row's cells, by their names in ``layout.py``; ``None``: there is no such cell."""


class PageError(Exception):
    """The page cannot be read now. The message says why, and holds nothing of the page.

    :param retry_after: seconds for which it is not to be asked for again.
    """

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Page(Protocol):
    """A page with prices."""

    @property
    def pause(self) -> float:
        """The seconds it wants to be left alone between two reads."""
        ...

    async def read(self) -> Sequence[Row] | None:
        """Its rows; ``None`` if it has not changed since they were read.

        :raises PageError: if it cannot be read.
        """
        ...


def usable(rows: Sequence[Row]) -> Sequence[Row]:
    """:raises PageError: unless there are rows, and no more than are looked at."""
    if not rows:
        raise PageError("it has no row that fits adapters/scraper/layout.py")
    if len(rows) > MAX_ROWS:
        raise PageError(f"it has more than {MAX_ROWS} rows")
    return rows
