"""The service in development and a real Chromium, shared by the tests of this directory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import {{cookiecutter.package_name}} as package

from ..support.service import Service, running_service
from .chromium import NoChromium, running_chromium
from .person import Person

Arrive = Callable[..., Person]


# Not for the session: while Playwright's sync API runs, no test can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    vendor = Path(str(package.__file__)).parent / "web" / "static" / "vendor"
    assert (vendor / "uPlot.esm.js").exists(), "run `make assets` first"
    try:
        with running_chromium() as browser:
            yield browser
    except NoChromium as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(env={"APP_ENV": "development"}) as service:
        yield service


@pytest.fixture
def arrive(browser: Browser) -> Iterator[Arrive]:
    """Opens the page in a new window. In the end no JavaScript console may hold a complaint."""
    people: list[Person] = []

    def arrive(url: str, **options: Any) -> Person:
        people.append(Person(browser, url, **options))
        return people[-1]

    yield arrive
    complaints = [complaint for person in people for complaint in person.complaints]
    for person in people:
        person.leave_page()
    assert complaints == []


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return f"room-{abs(hash(request.node.nodeid)):x}"
