"""The databases this project was generated for (``database=sqlite``)."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import Driver
from .sqlite import SQLITE

DRIVERS: Mapping[str, Driver] = {"sqlite": SQLITE}
EXAMPLE = "sqlite:////data/messages.sqlite3"
OTHERS = "for PostgreSQL generate the project again with database=postgresql"
