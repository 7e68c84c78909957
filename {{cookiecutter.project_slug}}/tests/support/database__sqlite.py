"""A database for a service under test: a file of SQLite."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new, empty database."""
    with tempfile.TemporaryDirectory(prefix="sqlite-") as directory:
        yield f"sqlite:///{directory}/service.sqlite3"
