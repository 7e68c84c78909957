"""The service under its production command, shared by the tests of this directory."""

from collections.abc import Iterator

import pytest

from ..support.engines import ENGINE, ENGINES
from ..support.service import Service, running_service


@pytest.fixture(scope="session", params=ENGINES, autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Everything here holds on either engine. ``ENGINES=fast`` in the environment saves time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENGINE, request.param)
        yield request.param


@pytest.fixture(scope="session")
def service(engine: str) -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return f"room-{abs(hash(request.node.nodeid)):x}"
