"""Where a service under test keeps its data: in its own memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def stores() -> Iterator[Mapping[str, str]]:
    """What the service needs to be told."""
    yield {}
