"""Where a service under test keeps its data: in a real database and a real Redis."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .database import database
from .valkey import running_valkey


@contextmanager
def stores() -> Iterator[Mapping[str, str]]:
    """What the service needs to be told."""
    with running_valkey() as redis, database() as url:
        yield {"REDIS_URL": redis.url, "DATABASE_URL": url}
