"""Requests are limited by the address they come from."""

import pytest

from ...support.transport import ADDRESS
from .conftest import Service, problem, serving

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
async def test_every_route_of_the_api(service: Service, method: str, path: str) -> None:
    service.limiter.wait = 3.0001
    response = await service.client.request(method, path)
    assert problem(response, 429, "rate_limited")["retry_after"] == 3.001
    assert response.headers["Retry-After"] == "4"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
async def test_probes_and_the_console_are_not(service: Service, path: str) -> None:
    service.limiter.wait = 3.0
    assert (await service.client.get(path)).status_code == 200
    assert service.limiter.asked == []


async def test_by_address_at_the_rate_that_was_set() -> None:
    async with serving(APP_RATE_HTTP="7/3s:2") as service:
        await service.client.get(LOBBY)
    assert service.limiter.asked == [("http", service.settings.rate_http, ADDRESS)]
    assert service.settings.rate_http.limit == 7
