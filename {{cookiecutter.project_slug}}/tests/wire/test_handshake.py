"""Who gets in, and what the others are told."""

import time
from functools import partial
from typing import Any

import httpx
import jwt
import pytest

from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.client import Refused, connect
from ..support.service import Service, running_service
from ..support.waiting import eventually


def refusal(service: Service, token: str | None, **options: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as refused, connect(service.url, token, **options):
        pass
    assert str(refused.value)
    return dict(refused.value.data)


def test_a_good_token_gets_in(service: Service) -> None:
    with connect(service.url, service.token()) as client:
        assert client.sid


@pytest.mark.parametrize("auth", [{}, {"token": ""}, {"token": None}, ["token"], "token"], ids=str)
def test_no_token(service: Service, auth: object) -> None:
    assert refusal(service, None, auth=auth) == {"code": "token_missing"}


def test_bad_tokens(service: Service) -> None:
    now = int(time.time())
    payload = {"sub": "ada", "iat": now, "exp": now + 60, "aud": PACKAGE, "iss": PACKAGE}
    bad = {
        "nonsense": "nonsense",
        "forged": service.token(secret="x" * 48),
        "audience": service.token(audience="elsewhere"),
        "issuer": service.token(issuer="somebody"),
        "algorithm": service.token(algorithm="HS512", secret=service.secret + "x" * 64),
        "none": jwt.encode(payload, "", algorithm="none"),
    }
    for why, token in bad.items():
        assert refusal(service, token) == {"code": "token_invalid"}, why


def test_an_expired_token(service: Service) -> None:
    assert refusal(service, service.token(lifetime=-1)) == {"code": "token_expired"}


def test_a_token_without_the_scope(service: Service) -> None:
    assert refusal(service, service.token(scope="feed:read")) == {"code": "forbidden"}


def test_a_token_in_the_query_string_is_not_looked_at(service: Service) -> None:
    with pytest.raises(Refused) as refused:
        connect(f"{service.url}?token={service.token()}", None)
    assert refused.value.data == {"code": "token_missing"}


def test_an_unknown_namespace(service: Service) -> None:
    with pytest.raises(Refused, match="Invalid namespace"):
        connect(service.url, service.token(), namespace="/nowhere")


def test_polling_is_told_what_to_set(service: Service) -> None:
    for _ in range(3):
        answer = httpx.get(f"{service.url}/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 400
        assert 'transports: ["websocket"]' in answer.text
    assert httpx.get(f"{service.url}/socket.io/").status_code == 400
    assert service.output().count('transports: ["websocket"]') <= 1


def test_foreign_pages_are_refused(service: Service) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": "https://evil.example",
    }
    answer = httpx.get(f"{service.url}/socket.io/?EIO=4&transport=websocket", headers=upgrade)
    assert answer.status_code in (400, 403)


def test_handshakes_are_limited_by_address() -> None:
    with running_service({"APP_RATE_HANDSHAKE": "3/60s"}) as service:
        for _ in range(3):
            connect(service.url, service.token()).close()
        data = refusal(service, service.token())
        assert data["code"] == "rate_limited"
        assert 0 < data["retry_after"] <= 20


def test_connections_are_counted_by_user_and_by_address() -> None:
    bounds = {"APP_MAX_CONNECTIONS_PER_USER": "2", "APP_MAX_CONNECTIONS_PER_IP": "4"}
    with running_service(bounds) as service:
        clients = [connect(service.url, service.token("ada")) for _ in range(2)]

        def gets_in(user: str) -> bool:
            try:
                clients.append(connect(service.url, service.token(user)))
            except Refused:  # one that was closed may still be counted
                return False
            return True

        data = refusal(service, service.token("ada"))
        assert data["code"] == "too_many_connections"
        assert data["retry_after"] > 0
        eventually(partial(gets_in, "bob"))
        eventually(partial(gets_in, "eve"))
        assert refusal(service, service.token("joe"))["code"] == "too_many_connections"
        for client in clients:
            client.close()
        eventually(partial(gets_in, "ada"))
        clients[-1].close()


def test_tokens_stay_out_of_the_log(service: Service) -> None:
    good, bad = service.token(), service.token(lifetime=-1)
    with connect(service.url, good) as client:
        client.call("token_refresh", {"token": bad})
    refusal(service, bad)
    output = service.output()
    for token in (good, bad):
        assert token.rpartition(".")[2] not in output
    assert service.secret not in output
