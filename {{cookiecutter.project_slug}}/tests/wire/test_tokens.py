"""A socket lives exactly as long as its token."""

import time

import httpx
import jwt
import pytest

from ..support.client import Refused, connect
from ..support.service import Service


def test_a_socket_ends_with_its_token(service: Service) -> None:
    token = service.token(lifetime=6)
    ends_at = jwt.decode(token, options={"verify_signature": False})["exp"]
    with connect(service.url, token) as client:
        assert 1 <= client.next("token_expiring")["expires_in"] <= 6
        client.wait_end(timeout=20)
        assert ends_at <= time.time() < ends_at + 10


def test_a_refreshed_socket_lives_on(service: Service) -> None:
    with connect(service.url, service.token(lifetime=5)) as client:
        ack = client.call("token_refresh", {"token": service.token(lifetime=60)})
        assert ack["ok"]
        assert ack["expires_at"].endswith("Z")
        time.sleep(6)
        assert client.call("join", {"room": "lobby"})["ok"]


def test_a_refresh_must_keep_the_subject_and_the_scope(service: Service) -> None:
    with connect(service.url, service.token("ada")) as client:
        for token in (
            service.token("bob"),
            service.token("ada", scope="other"),
            service.token("ada", lifetime=-1),
            "nonsense",
        ):
            error = client.call("token_refresh", {"token": token})["error"]
            assert error["code"] == "forbidden"
            assert token not in error["message"]
        assert client.call("join", {"room": "lobby"})["ok"]


@pytest.mark.parametrize("by", ["jti", "sub"])
def test_a_revoked_token_ends_everywhere(service: Service, by: str) -> None:
    user = f"revoked-by-{by}"
    token = service.token(user)
    claims = jwt.decode(token, options={"verify_signature": False})
    admin = {"Authorization": f"Bearer {service.token('root', scope='admin')}"}
    with connect(service.url, token) as client, connect(service.url, service.token("x")) as other:
        answer = httpx.post(
            f"{service.url}/api/v1/tokens/revoke", json={by: claims[by]}, headers=admin
        )
        assert answer.is_success, answer.text
        client.wait_end(timeout=5)
        assert other.call("join", {"room": "lobby"})["ok"]
    with pytest.raises(Refused) as refused:
        connect(service.url, token)
    assert refused.value.data == {"code": "token_revoked"}
    with connect(service.url, service.token(user)) as client:
        assert client.sid


def test_revoking_takes_the_scope(service: Service) -> None:
    url = f"{service.url}/api/v1/tokens/revoke"
    headers = {"Authorization": f"Bearer {service.token('ada')}"}
    assert httpx.post(url, json={"sub": "bob"}, headers=headers).status_code == 403
