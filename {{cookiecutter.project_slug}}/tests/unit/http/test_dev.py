"""Tokens for the asking, in development only."""

import pytest

from .conftest import SECRET, Service, problem, serving


async def test_the_token_works(service: Service) -> None:
    response = await service.client.post("/dev/token", json={"user": "ada", "scope": "chat"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json()
    assert body["expires_in"] == 3600
    headers = {"Authorization": f"Bearer {body['token']}"}
    response = await service.client.get("/api/v1/rooms/a/messages", headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize("body", [{}, {"user": ""}, {"user": "a", "scopes": "chat"}, {"user": 1}])
async def test_a_bad_body(service: Service, body: object) -> None:
    response = await service.client.post("/dev/token", json=body)
    problem(response, 400, "invalid_payload")


@pytest.mark.parametrize("env", ["test", "production"])
async def test_nowhere_else(env: str) -> None:
    async with serving(env) as service:
        response = await service.client.post("/dev/token", json={"user": "ada"})
    problem(response, 404, "not_found")


async def test_the_console_is_off_in_production_unless_asked_for() -> None:
    async with serving("production") as service:
        problem(await service.client.get("/"), 404, "not_found")
    async with serving("production", APP_CONSOLE="1") as service:
        assert (await service.client.get("/")).status_code == 200


async def test_the_console_is_on_in_development(service: Service) -> None:
    response = await service.client.get("/")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert SECRET not in response.text
    assert 'data-tokens="made"' in response.text


async def test_where_an_issuer_makes_the_tokens_the_page_asks_for_one() -> None:
    issuer = {
        "APP_JWT_SECRET": "",
        "APP_JWT_ALGORITHMS": "RS256",
        "APP_JWT_JWKS_URL": "https://issuer.example/keys",
    }
    async with serving("development", **issuer) as service:
        assert 'data-tokens="pasted"' in (await service.client.get("/")).text
        problem(await service.client.post("/dev/token", json={"user": "ada"}), 404, "not_found")
