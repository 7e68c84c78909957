"""Revoking tokens."""

import pytest

from .conftest import NOW, Service, problem

REVOKE = "/api/v1/tokens/revoke"


async def test_one_token(service: Service) -> None:
    headers = service.bearer("admin")
    response = await service.client.post(REVOKE, json={"jti": "t-1"}, headers=headers)
    assert (response.status_code, response.json()) == (200, {"revoked": {"jti": "t-1"}})
    assert service.revocations.tokens == {"t-1"}


async def test_all_tokens_of_a_user(service: Service) -> None:
    headers = service.bearer("admin")
    response = await service.client.post(REVOKE, json={"sub": "bob"}, headers=headers)
    assert (response.status_code, response.json()) == (200, {"revoked": {"sub": "bob"}})
    assert service.revocations.subjects == {"bob": NOW}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "either jti or sub"),
        ({"jti": "a", "sub": "b"}, "either jti or sub"),
        ({"jti": ""}, "jti"),
        ({"jti": None}, "jti"),
        ({"sub": 7}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"jti": "a", "reason": "x"}, "reason"),
        ([], "object"),
    ],
)
async def test_a_bad_body(service: Service, body: object, says: str) -> None:
    headers = service.bearer("admin")
    response = await service.client.post(REVOKE, json=body, headers=headers)
    assert says in problem(response, 400, "invalid_payload")["detail"]
    assert (service.revocations.tokens, service.revocations.subjects) == (set(), {})


async def test_only_for_admins(service: Service) -> None:
    headers = service.bearer("chat")
    response = await service.client.post(REVOKE, json={"jti": "a"}, headers=headers)
    problem(response, 403, "forbidden")
    assert service.revocations.tokens == set()
