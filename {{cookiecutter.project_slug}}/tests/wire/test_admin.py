"""The namespace ``/admin``, as Socket.IO's Admin UI talks to it."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from ..support.client import Client, Refused, connect, joined
from ..support.service import Service, running_service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service({"APP_ADMIN_UI": "1"}) as service:
        yield service


def administrator(service: Service, token: str | None = None) -> Client:
    """Signed in as the form of the Admin UI does it."""
    password = token or service.token("root", "admin")
    return connect(service.url, None, "/admin", auth={"username": "", "password": password})


def hear(client: Client, event: str, fits: Callable[[Any], bool], timeout: float = 20.0) -> Any:
    """The next `event` that fits."""
    deadline = time.monotonic() + timeout
    while True:
        data = client.next(event, max(0.0, deadline - time.monotonic()))
        if fits(data):
            return data


def test_it_takes_a_token_with_the_scope(service: Service) -> None:
    for auth, code in (
        (None, "token_missing"),
        ({"username": "admin", "password": "admin"}, "token_invalid"),
        ({"sessionId": "x"}, "token_missing"),
        ({"username": "", "password": service.token()}, "forbidden"),
        ({"token": service.token()}, "forbidden"),
        ({"token": service.token(scope="admin", lifetime=-5)}, "token_expired"),
    ):
        with pytest.raises(Refused) as refused:
            connect(service.url, None, "/admin", auth=auth)
        assert refused.value.data["code"] == code
    with connect(service.url, service.token(scope="admin"), "/admin") as client:
        assert client.next("config")["supportedFeatures"]


def test_it_is_not_there_unless_it_is_asked_for() -> None:
    with running_service() as plain:
        with pytest.raises(Refused) as refused:
            connect(plain.url, plain.token(scope="admin"), "/admin")
        assert refused.value.data == {"code": "forbidden"}
        assert httpx.get(f"{plain.url}/admin/").status_code == 404


def test_it_shows_who_comes_joins_leaves_and_goes(service: Service, room: str) -> None:
    with administrator(service) as admin, connect(service.url, service.token("early")) as early:
        found = admin.next("all_sockets")
        assert "early" in [shown["data"]["user"] for shown in found]
        with connect(service.url, service.token("late")) as late:
            shown, _ = hear(admin, "socket_connected", lambda data: data[0]["id"] == late.sid)
            assert (shown["nsp"], shown["data"]["user"]) == ("/chat", "late")
            assert late.call("join", {"room": room})["ok"]
            came = hear(admin, "room_joined", lambda data: data[2] == late.sid)
            assert late.call("leave", {"room": room})["ok"]
            went = hear(admin, "room_left", lambda data: data[2] == late.sid)
            assert [*came[:2], *went[:2]] == ["/chat", room] * 2
            sid = late.sid
        gone = hear(admin, "socket_disconnected", lambda data: data[1] == sid)
        assert gone[0] == "/chat"
        statistics = admin.next("server_stats")
        assert {"name": "/chat", "socketsCount": 1} in statistics["namespaces"]
        assert early.sid


def test_it_shows_no_token_no_payload_and_no_header(service: Service, room: str) -> None:
    text, token = secrets.token_hex(16), service.token("eve")
    with administrator(service) as admin, joined(service.url, token, room) as client:
        client.call("message", {"room": room, "text": text, "id": "1"})
        client.call("token_refresh", {"token": service.token("eve", lifetime=600)})
        sid = client.sid
        heard: list[Any] = []
        until = time.monotonic() + 20
        while sid not in json.dumps(heard) and time.monotonic() < until:
            heard.append(admin.received.get(timeout=20))
        time.sleep(1.5)
        while not admin.received.empty():
            heard.append(admin.received.get())
    assert sid in json.dumps(heard)
    assert {name for name, _ in heard} <= {
        "server_stats",
        "socket_connected",
        "socket_disconnected",
        "room_joined",
        "room_left",
        "all_sockets",
        "config",
    }
    seen = json.dumps(heard)
    assert text not in seen
    assert not any(part in seen for part in token.split(".")[1:])
    assert "upgrade" not in seen.lower()


def test_it_only_looks(service: Service, room: str) -> None:
    with administrator(service) as admin, joined(service.url, service.token(), room) as client:
        for event, *arguments in (
            ("emit", "/chat", room, "message", "forged"),
            ("join", "/chat", "elsewhere"),
            ("leave", "/chat", room),
            ("_disconnect", "/chat", True),
        ):
            ack = admin.call(event, tuple(arguments))
            assert ack["ok"] is False, event
            assert ack["error"]["code"] in ("unknown_event", "invalid_payload")
        assert client.all("message") == []
        assert client.call("message", {"room": room, "text": "still there", "id": "1"})["ok"]


def test_it_ends_with_its_token(service: Service) -> None:
    with administrator(service, service.token("brief", "admin", lifetime=6)) as admin:
        admin.next("config")
        admin.wait_end(timeout=20)


def test_a_revocation_ends_it(service: Service) -> None:
    token = service.token("fired", "admin")
    with administrator(service, token) as admin:
        admin.next("config")
        jti = jwt.decode(token, options={"verify_signature": False})["jti"]
        bearer = {"Authorization": f"Bearer {service.token('root', 'admin')}"}
        url = f"{service.url}/api/v1/tokens/revoke"
        assert httpx.post(url, json={"jti": jti}, headers=bearer).is_success
        admin.wait_end(timeout=5)


def test_the_page_has_all_it_names_and_a_policy(service: Service) -> None:
    page = httpx.get(f"{service.url}/admin/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    for path in ("js/app.js", "js/chunk-vendors.js", "css/app.css", "css/icons.css"):
        found = httpx.get(f"{service.url}/admin/{path}")
        assert found.status_code == 200, path
        assert "unsafe-inline" not in found.headers["content-security-policy"]
    assert httpx.get(f"{service.url}/static/admin.js").status_code == 200
