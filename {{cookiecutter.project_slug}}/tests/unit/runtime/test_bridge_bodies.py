"""Request bodies: any framing, any size up to the limit, and refusals a client can read."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask, request

from {{cookiecutter.package_name}}.runtime import asgi_bridge, incoming_body
from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI

from ...support.raw_http import connect, read_all
from ...support.waiting import eventually
from .serving import serve

LIMIT = 3_000_000
UPLOAD = "POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n"

calls: list[int] = []


def application() -> Flask:
    app = Flask(__name__)

    @app.post("/digest")
    def digest() -> dict[str, Any]:
        data = request.get_data()
        calls.append(len(data))
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    @app.post("/form")
    def form() -> dict[str, Any]:
        return {"size": len(request.files["file"].read()), "name": request.form["name"]}

    @app.post("/ignored")
    def ignored() -> str:
        return "not read"

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(FlaskASGI(application(), max_body_bytes=LIMIT, spool_bytes=100_000)) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        yield client


async def chunks(size: int, pieces: int = 10) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield b"x" * (size // pieces)
        await asyncio.sleep(0)


@pytest.mark.parametrize("size", [0, 10, 50_000, 200_000, 2_000_000, LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_arrives_whole(client: httpx.AsyncClient, size: int, chunked: bool) -> None:
    answer = await client.post("/digest", content=chunks(size) if chunked else b"x" * size)
    assert answer.json() == {"bytes": size, "sha256": hashlib.sha256(b"x" * size).hexdigest()}


async def test_a_form_with_a_file(client: httpx.AsyncClient) -> None:
    files = {"file": ("a.bin", bytes(500_000))}
    answer = await client.post("/form", data={"name": "ada"}, files=files)
    assert answer.json() == {"size": 500_000, "name": "ada"}


async def test_a_body_nobody_reads_does_not_disturb_the_connection(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(3):
        assert (await client.post("/ignored", content=bytes(500_000))).text == "not read"


async def test_big_bodies_are_kept_on_disk(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolled: list[int] = []

    class Watched(tempfile.SpooledTemporaryFile[bytes]):
        def rollover(self) -> None:
            rolled.append(self.tell())
            super().rollover()

    monkeypatch.setattr(asgi_bridge, "SpooledTemporaryFile", Watched)
    await client.post("/digest", content=bytes(90_000))
    assert rolled == []
    assert (await client.post("/digest", content=bytes(900_000))).json()["bytes"] == 900_000
    assert len(rolled) == 1


def assert_too_large(answer: httpx.Response) -> None:
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_large"
    assert str(LIMIT) in answer.json()["detail"]


async def test_too_large_by_its_length(client: httpx.AsyncClient) -> None:
    calls.clear()
    assert_too_large(await client.post("/digest", content=bytes(LIMIT + 1)))
    assert_too_large(await client.post("/digest", content=bytes(20 * LIMIT)))
    assert calls == []


async def test_too_large_by_its_length_is_refused_before_it_is_sent(url: str) -> None:
    with connect(url, UPLOAD.format(10**12)) as connection:
        received = await asyncio.to_thread(connection.recv, 65536)
    assert received.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_waits_for_100_continue_is_not_told_to_go_on(url: str) -> None:
    lines = UPLOAD.format(10**12).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")
    with connect(url, lines) as connection:
        received = await asyncio.to_thread(connection.recv, 65536)
    assert received.startswith(b"HTTP/1.1 413 ")


async def test_too_large_while_it_streams(client: httpx.AsyncClient) -> None:
    calls.clear()
    assert_too_large(await client.post("/digest", content=chunks(LIMIT + 10)))
    assert_too_large(await client.post("/digest", content=chunks(20 * LIMIT, 1000)))
    assert calls == []


async def test_an_endless_body_is_cut_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_body, "LINGER_SECONDS", 0.3)
    head = "POST /digest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    def pour() -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            connection.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    with connect(url, head) as connection, pytest.raises(OSError, match=r"reset|[Pp]ipe|abort"):
        await asyncio.to_thread(pour)


async def test_a_client_that_leaves_during_its_upload(
    client: httpx.AsyncClient, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls.clear()
    with connect(url, UPLOAD.format(1_000_000).encode() + bytes(300_000)):
        await asyncio.sleep(0.05)
    assert (await client.post("/digest", content=b"x")).json()["bytes"] == 1
    assert calls == [1]
    assert "Traceback" not in caplog.text


async def test_a_body_that_dawdles_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_bridge, "_BODY_SECONDS", 0.2)
    calls.clear()
    with connect(url, UPLOAD.format(1000) + "some") as connection:
        received = await asyncio.to_thread(read_all, connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b'"timeout"' in received
    assert calls == []


def test_spooled_files_are_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []

    class Kept(tempfile.SpooledTemporaryFile[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            files.append(self)

    monkeypatch.setattr(asgi_bridge, "SpooledTemporaryFile", Kept)
    assert httpx.post(f"{url}/digest", content=bytes(900_000)).status_code == 200
    with connect(url, UPLOAD.format(1_000_000).encode() + bytes(300_000)):
        eventually(lambda: len(files) == 2)
    eventually(lambda: all(file.closed for file in files))
