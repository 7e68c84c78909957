"""Socket.IO's Admin UI in a real Chromium, as this service serves it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ..support.client import joined
from ..support.service import Service, running_service
from .conftest import Arrive


@pytest.fixture(scope="module")
def administered() -> Iterator[Service]:
    with running_service({"APP_ADMIN_UI": "1"}) as service:
        yield service


def test_who_signs_in_sees_sockets_and_rooms(
    administered: Service, arrive: Arrive, room: str
) -> None:
    with joined(administered.url, administered.token("ada"), room) as client:
        root = arrive(f"{administered.url}/admin/")
        root.page.get_by_label("Password").fill(administered.token("nobody", "chat"))
        root.page.get_by_role("button", name="Connect").click()
        expect(root.page.get_by_text("scope admin")).to_be_visible()
        root.page.get_by_label("Password").fill(administered.token("root", "admin"))
        root.page.get_by_role("button", name="Connect").click()
        expect(root.page.get_by_label("Password")).to_be_hidden()
        root.page.goto(f"{administered.url}/admin/#/sockets/")
        expect(root.page.get_by_text(client.sid)).to_be_visible()
        root.page.goto(f"{administered.url}/admin/#/rooms/")
        expect(root.page.get_by_text(room)).to_be_visible()
        client.call("leave", {"room": room})
        expect(root.page.get_by_text(room)).to_be_hidden()
        kept = root.page.evaluate("JSON.stringify(localStorage)")
        assert "eyJ" not in kept  # how a token begins
