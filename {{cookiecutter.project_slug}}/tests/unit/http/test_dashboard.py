"""The dashboard's page: strict, without data, and with nothing else to ask."""

import re

import pytest

from .conftest import Service, problem, serving

NONCE = re.compile(r"'nonce-([\w-]{22})'")


async def test_its_policy_adds_one_script_and_a_nonce_for_styles(service: Service) -> None:
    page = await service.client.get("/dashboard/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert re.search(r"script-src 'self' 'sha256-[\w+/=]+';", policy)
    assert re.search(rf"style-src 'self' {NONCE.pattern};", policy)
    assert NONCE.findall(policy) == re.findall(r'nonce="([^"]+)"', page.text)
    again = await service.client.get("/dashboard/")
    assert again.headers["Content-Security-Policy"] != policy
    assert "nonce" not in (await service.client.get("/")).headers["Content-Security-Policy"]


async def test_everything_comes_from_here(service: Service) -> None:
    page = (await service.client.get("/dashboard/")).text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any("dash-renderer" in address for address in addresses)
    for address in addresses:
        assert address.startswith(("./", "../")), address  # also under a prefix
        found = await service.client.get(f"/dashboard/{address}")
        assert found.status_code == 200 or "/vendor/" in address


async def test_the_layout_has_no_data(service: Service) -> None:
    layout = (await service.client.get("/dashboard/_dash-layout")).json()
    assert "figure" not in layout["props"]
    assert (await service.client.get("/dashboard/_dash-dependencies")).json() == []


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "_favicon.ico",
        "_reload-hash",
        "_dash-component-suites/os/path.py",
        "_dash-component-suites/dash/version.py",
    ],
)
async def test_nothing_else_is_there(service: Service, path: str) -> None:
    problem(await service.client.get(f"/dashboard/{path}"), 404, "not_found")


async def test_there_are_no_callbacks_on_the_server(service: Service) -> None:
    answer = await service.client.post("/dashboard/_dash-update-component", json={"output": "x"})
    problem(answer, 404, "not_found")


async def test_tokens_are_made_in_development_only() -> None:
    for env, tokens in (("development", "made"), ("production", "pasted")):
        async with serving(env) as service:
            page = await service.client.get("/dashboard/")
            assert f'data-tokens="{tokens}"' in page.text
