"""Everything a client can reach; one that asks for polling in vain learns what to change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import socketio
from flask import Flask

from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.mode import ASYNC_MODE

from ...support.transport import transport_to


@asynccontextmanager
async def gateway(polling: bool) -> AsyncIterator[httpx.AsyncClient]:
    http = Flask(__name__, static_folder=None)
    http.config["MAX_CONTENT_LENGTH"] = 1000

    @http.get("/", defaults={"path": ""})
    @http.get("/<path:path>")
    def show(path: str) -> str:
        return f"behind: {path}"

    server = socketio.AsyncServer(async_mode=ASYNC_MODE)
    async with open_gateway(server, http, Drain(1), polling=polling) as app:
        transport = transport_to(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            yield client


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
    async with gateway(polling=False) as client:
        refused = await client.request(method, target)
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 'transports: ["websocket"]' in refused.text


async def test_a_websocket_that_lost_its_upgrade_is_told_about_the_proxy() -> None:
    async with gateway(polling=False) as client:
        refused = await client.get("/socket.io/?EIO=4&transport=websocket")
    assert refused.status_code == 400
    assert "Upgrade" in refused.text


@pytest.mark.parametrize("target", ["/", "/socket.iota/", "/api/socket.io/"])
@pytest.mark.parametrize("polling", [False, True])
async def test_other_paths_are_let_through(target: str, polling: bool) -> None:
    async with gateway(polling) as client:
        assert (await client.get(target)).text == f"behind: {target[1:]}"


@pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
async def test_where_polling_is_allowed_the_socketio_server_answers(path: str) -> None:
    async with gateway(polling=True) as client:
        answered = await client.get(f"{path}?transport=polling")  # of a version long gone
    assert answered.status_code == 400
    assert "unsupported version" in answered.text
