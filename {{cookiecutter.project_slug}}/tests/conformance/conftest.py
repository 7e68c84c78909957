"""The suites run against every engine of this mode."""

from collections.abc import Iterator, Mapping

import pytest

from .served import ENGINES
from .target import Target, running_target

FLAVOURS = ["eio", "sio"]


@pytest.fixture(scope="session", params=ENGINES)
def targets(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Target]]:
    with running_target("eio", request.param) as eio, running_target("sio", request.param) as sio:
        yield {"eio": eio, "sio": sio}


@pytest.fixture
def eio(targets: Mapping[str, Target]) -> Target:
    return targets["eio"]


@pytest.fixture
def sio(targets: Mapping[str, Target]) -> Target:
    return targets["sio"]


@pytest.fixture(params=FLAVOURS)
def either(request: pytest.FixtureRequest, targets: Mapping[str, Target]) -> Target:
    """Both suites hold Engine.IO's own tests."""
    return targets[request.param]
