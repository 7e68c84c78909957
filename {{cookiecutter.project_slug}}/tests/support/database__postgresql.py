"""A database for a service under test: on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from .postgres import postgres_database, postgres_server


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new, empty database; skips the test where there is no PostgreSQL."""
    with postgres_server() as server, postgres_database(server) as url:
        yield url
