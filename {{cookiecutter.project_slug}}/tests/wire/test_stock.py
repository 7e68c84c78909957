"""What holds on the service's engine holds without it: the same tests once more.

``TEST_APP_ENGINE=stock make test`` runs all of them so.
"""

from collections.abc import Iterator

import pytest

from ..support.service import Service, running_service
from .test_bad_input import *  # noqa: F403
from .test_chat import *  # noqa: F403
from .test_handshake import *  # noqa: F403


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_APP_ENGINE", "stock")  # for the services that single tests start
        with running_service() as service:
            yield service
