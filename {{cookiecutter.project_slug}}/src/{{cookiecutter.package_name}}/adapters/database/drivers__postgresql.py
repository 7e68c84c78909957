"""The databases this project was generated for (``database=postgresql``)."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import Driver
from .postgresql import POSTGRESQL
from .sqlite import SQLITE

DRIVERS: Mapping[str, Driver] = {
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "sqlite": SQLITE,  # for development without a server
}
EXAMPLE = "postgresql://user:password@host/name"
OTHERS = "another database needs a driver next to postgresql.py"
