"""What every response carries, and how requests are counted."""

import pytest

from {{cookiecutter.package_name}}.runtime import metrics

from .conftest import Service


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/docs", "/nothing", "/static/docs.css"])
async def test_security_headers(service: Service, path: str) -> None:
    headers = (await service.client.get(path)).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Set-Cookie" not in headers


async def test_https_is_for_good_but_only_where_it_was_used(service: Service) -> None:
    name = "Strict-Transport-Security"
    assert name not in (await service.client.get("/healthz")).headers
    assert name in (await service.client.get("https://localhost/healthz")).headers


async def test_a_view_may_have_a_policy_of_its_own(service: Service) -> None:
    own = {"Content-Security-Policy": "default-src 'self'"}
    service.http.add_url_rule("/own", view_func=lambda: ("", own))
    headers = (await service.client.get("/own")).headers
    assert headers.get_list("Content-Security-Policy") == ["default-src 'self'"]


def count(route: str, method: str, status: str) -> float:
    counter = metrics.HTTP_REQUESTS.labels(route, method, status)
    return float(next(iter(counter.collect())).samples[0].value)


async def test_counted_by_route_and_not_by_what_clients_make_up(service: Service) -> None:
    route = "/api/v1/rooms/<room>/messages"
    before = count(route, "GET", "200"), count("(unmatched)", "(other)", "404")
    await service.client.get("/api/v1/rooms/some-room/messages", headers=service.bearer())
    await service.client.request("BREW", "/made-up")
    after = count(route, "GET", "200"), count("(unmatched)", "(other)", "404")
    assert after == (before[0] + 1, before[1] + 1)
    text = (await service.client.get("/metrics")).text
    assert "http_requests_total" in text
    assert not any(made_up in text for made_up in ("some-room", "made-up", "BREW"))
