"""Who is let in, and what those are told who are not."""

import pytest

from .conftest import Service, problem

LOBBY = "/api/v1/rooms/lobby/messages"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token abc"])
async def test_no_token(service: Service, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = await service.client.get(LOBBY, headers=headers)
    assert "Authorization: Bearer" in problem(response, 401, "token_missing")["detail"]
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["abc", "a.b.c", "e" * 10_000, "eyJhbGciOiJub25lIn0" + ".e30."])
async def test_a_bad_token(service: Service, token: str) -> None:
    response = await service.client.get(LOBBY, headers={"Authorization": f"Bearer {token}"})
    problem(response, 401, "token_invalid")
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert token not in response.text


async def test_an_expired_token(service: Service) -> None:
    response = await service.client.get(LOBBY, headers=service.bearer(lifetime=-1))
    problem(response, 401, "token_expired")


async def test_a_revoked_token(service: Service) -> None:
    headers = service.bearer(user="bob")
    assert (await service.client.get(LOBBY, headers=headers)).status_code == 200
    admin = service.bearer("admin")
    await service.client.post("/api/v1/tokens/revoke", json={"sub": "bob"}, headers=admin)
    problem(await service.client.get(LOBBY, headers=headers), 401, "token_revoked")


async def test_the_missing_scope_is_named(service: Service) -> None:
    response = await service.client.get(LOBBY, headers=service.bearer("chatter feed:read"))
    assert problem(response, 403, "forbidden")["detail"].endswith("scope chat")
    assert 'scope="chat"' in response.headers["WWW-Authenticate"]


async def test_the_token_is_asked_for_before_the_query_is_read(service: Service) -> None:
    problem(await service.client.get(f"{LOBBY}?limit=0"), 401, "token_missing")


async def test_a_token_in_the_address_opens_nothing(service: Service) -> None:
    token = service.bearer()["Authorization"].partition(" ")[2]
    problem(await service.client.get(f"{LOBBY}?access_token={token}"), 401, "token_missing")
