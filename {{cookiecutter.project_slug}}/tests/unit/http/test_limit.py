"""Requests are limited by the address they come from."""

import pytest

from .conftest import Service, problem

LOBBY = "/api/v1/rooms/lobby/messages"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", LOBBY),
        ("POST", "/api/v1/tokens/revoke"),
        ("POST", "/dev/token"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/asyncapi.json"),
        ("GET", "/api/docs"),
    ],
)
def test_every_route_of_the_api(service: Service, method: str, path: str) -> None:
    service.limiter.wait = 3.0001
    response = service.client.open(path, method=method)
    assert problem(response, 429, "rate_limited")["retry_after"] == 3.001
    assert response.headers["Retry-After"] == "4"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
def test_probes_and_the_console_are_not(service: Service, path: str) -> None:
    service.limiter.wait = 3.0
    assert service.client.get(path).status_code == 200
    assert service.limiter.asked == []


def test_by_address_at_the_rate_that_was_set() -> None:
    service = Service(APP_RATE_HTTP="7/3s:2")
    client = service.client
    client.get(LOBBY, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert service.limiter.asked == [("http", service.settings.rate_http, "192.0.2.7")]
    assert service.settings.rate_http.limit == 7
