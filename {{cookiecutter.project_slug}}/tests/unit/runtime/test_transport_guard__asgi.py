"""A client that asks for polling learns what to change; the log is not flooded by it."""

import logging

import httpx
import pytest

from {{cookiecutter.package_name}}.runtime.asgi import Receive, Scope, Send, answer
from {{cookiecutter.package_name}}.runtime.polling import PollingRefusal
from {{cookiecutter.package_name}}.runtime.transport_guard import WebSocketOnly


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    for message in answer(200, "text/plain", b"behind"):
        await send(message)


async def ask(target: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(WebSocketOnly(behind), client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.request(method, target)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/socket.io/?EIO=4&transport=polling&t=abc"),
        ("POST", "/socket.io/?EIO=4&transport=polling&sid=abc"),
        ("GET", "/socket.io?EIO=4&transport=polling"),
        ("GET", "/socket.io/"),
        ("GET", "/socket.io/?transport=%FF&%zz&" + "a&" * 5000),
    ],
)
async def test_polling_is_told_which_option_to_set(method: str, target: str) -> None:
    refused = await ask(target, method)
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 'transports: ["websocket"]' in refused.text


async def test_a_websocket_that_lost_its_upgrade_is_told_about_the_proxy() -> None:
    refused = await ask("/socket.io/?EIO=4&transport=websocket")
    assert refused.status_code == 400
    assert "Upgrade" in refused.text


@pytest.mark.parametrize("target", ["/", "/socket.iota/", "/api/socket.io/"])
async def test_other_paths_are_let_through(target: str) -> None:
    assert (await ask(target)).text == "behind"


async def test_websockets_are_let_through() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> dict[str, str]:
        return {}

    scope = {"type": "websocket", "path": "/socket.io/", "query_string": b""}
    await WebSocketOnly(app)(scope, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["websocket"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_one_warning_per_address(caplog: pytest.LogCaptureFixture) -> None:
    refusal = PollingRefusal()
    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7"):
        refusal.body("transport=polling&token=secret", address)
    logged = warnings(caplog)
    assert len(logged) == 2
    assert "203.0.113.7" in logged[0]
    assert "secret" not in caplog.text


def test_the_memory_of_addresses_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    refusal = PollingRefusal()
    for number in range(1024):
        refusal.body("", f"first {number}")
    refusal.body("", "first 0")  # the latest again
    refusal.body("", "one more")  # in place of "first 1"
    caplog.clear()
    refusal.body("", "first 0")
    assert warnings(caplog) == []
    refusal.body("", "first 1")
    assert len(warnings(caplog)) == 1
    assert len(refusal._warned) == 1024
