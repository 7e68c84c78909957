"""The service under its production command, shared by the tests of this directory."""

from collections.abc import Iterator

import pytest

from ..support.service import Service, running_service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return f"room-{abs(hash(request.node.nodeid)):x}"
