"""Where a service under test keeps its data: in a real database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .database import database


@contextmanager
def stores() -> Iterator[Mapping[str, str]]:
    """What the service needs to be told."""
    with database() as url:
        yield {"DATABASE_URL": url}
