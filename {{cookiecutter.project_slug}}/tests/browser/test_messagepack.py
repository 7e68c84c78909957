"""The pages against a service that speaks MessagePack: chat and prices, in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ..support.service import Service, running_service
from .conftest import Arrive
from .plot import expect_drawn, watch
from .publishing import publish


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service({"APP_ENV": "development", "APP_SERIALIZER": "msgpack"}) as service:
        yield service


def test_the_console_speaks_it_too(service: Service, arrive: Arrive, room: str) -> None:
    ada, grace = (arrive(f"{service.url}/#{room}") for _ in range(2))
    binary: list[bytes | str] = []
    grace.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda data: binary.append(data))
    )
    for person, name in ((ada, "ada"), (grace, "grace")):
        person.sign_in(name)
        expect(person.see("#state")).to_have_text("Connected")
    ada.say("Good morning ✓")
    for person in (ada, grace):
        person.expect_messages("Good morning ✓")
        person.expect_members("ada", "grace")
    watch(ada, "PACKED")
    points = publish(service, "PACKED", [100 + n / 8 for n in range(50)])
    expect_drawn(ada, points)
    assert any(isinstance(data, bytes) and b"Good morning" in data for data in binary)
