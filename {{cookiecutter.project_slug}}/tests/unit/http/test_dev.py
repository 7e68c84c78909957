"""Tokens for the asking, in development only."""

import pytest

from .conftest import SECRET, Service, problem


def test_the_token_works(service: Service) -> None:
    response = service.client.post("/dev/token", json={"user": "ada", "scope": "chat"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body["expires_in"] == 3600
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert service.client.get("/api/v1/rooms/a/messages", headers=headers).status_code == 200


@pytest.mark.parametrize("body", [{}, {"user": ""}, {"user": "a", "scopes": "chat"}, {"user": 1}])
def test_a_bad_body(service: Service, body: object) -> None:
    problem(service.client.post("/dev/token", json=body), 400, "invalid_payload")


@pytest.mark.parametrize("env", ["test", "production"])
def test_nowhere_else(env: str) -> None:
    service = Service(env)
    problem(service.client.post("/dev/token", json={"user": "ada"}), 404, "not_found")


def test_the_console_is_off_in_production_unless_asked_for() -> None:
    problem(Service("production").client.get("/"), 404, "not_found")
    service = Service("production", APP_CONSOLE="1")
    assert service.client.get("/").status_code == 200


def test_the_console_is_on_in_development(service: Service) -> None:
    response = service.client.get("/")
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert SECRET not in response.text
