"""Bodies that a view reads while they arrive: at its pace, bounded, and never for ever."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from flask import Response, request
from werkzeug.exceptions import HTTPException

from {{cookiecutter.package_name}}.runtime import incoming_body
from {{cookiecutter.package_name}}.runtime.asgi import Message
from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI
from {{cookiecutter.package_name}}.runtime.body_file import chunks
from {{cookiecutter.package_name}}.runtime.flask_app import AsgiFlask

from ...support.raw_http import connect, read_all
from ...support.waiting import eventually
from .serving import serve

LIMIT = 100_000
STREAMS = 3
TYPE = {"Content-Type": "text/lines"}


class Views:
    """What the views have read, and how their reading ended."""

    def __init__(self) -> None:
        self.read = 0
        self.ends: list[str] = []
        self.go_on = threading.Event()

    def application(self) -> AsgiFlask:
        app = AsgiFlask(__name__)

        def note(read: Callable[[], bytes]) -> Iterator[int]:
            try:
                while chunk := read():
                    self.read += len(chunk)
                    yield len(chunk)
                self.ends.append("complete")
            except HTTPException as error:
                self.ends.append(type(error).__name__)
                raise

        @app.post("/plain")
        def plain() -> str:
            return str(sum(note(lambda: request.stream.read(1000))))

        @app.post("/held")
        def held() -> str:
            for _ in note(lambda: request.stream.read(10)):
                self.go_on.wait(20)
            return "done"

        @app.post("/async")
        async def on_loop() -> str:
            async for chunk in chunks(request.environ["wsgi.input"], LIMIT * 100):
                self.read += len(chunk)
            return str(self.read)

        @app.post("/both")
        async def as_file() -> str:
            return str(len(request.stream.read(10)))

        @app.post("/late")
        def late() -> Response:
            stream = request.stream

            def parts() -> Iterator[bytes]:
                yield b"so far: "
                yield b"%d" % sum(note(lambda: stream.read(10)))

            return Response(parts())

        @app.post("/early")
        def early() -> tuple[str, int]:
            return request.stream.read(4).decode(), 400

        return app


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
def url(views: Views) -> Iterator[str]:
    bridge = FlaskASGI(
        views.application(), max_body_bytes=LIMIT, streamed={"text/lines"}, streams=STREAMS
    )
    with serve(bridge) as url:
        yield url
        views.go_on.set()


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=20, headers=TYPE) as client:
        yield client


def upload(url: str, path: str) -> socket.socket:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/lines; charset=utf-8\r\n"
    return connect(url, f"{head}Transfer-Encoding: chunked\r\n\r\n")


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


async def happens(what: Callable[[], object], expected: object) -> None:
    await asyncio.to_thread(eventually, lambda: what() == expected)


async def test_a_view_reads_before_the_rest_is_sent(url: str, views: Views) -> None:
    with upload(url, "/plain") as connection:
        for size in (100, 200, 300):
            send(connection, bytes(100))
            await happens(lambda: views.read, size)
        send(connection, b"")
        answer = await asyncio.to_thread(connection.recv, 65536)
    assert answer.endswith(b"300")
    assert views.ends == ["complete"]


@pytest.mark.parametrize("path", ["/plain", "/async"])
@pytest.mark.parametrize("size", [0, 5, 99_999, LIMIT])
async def test_it_arrives_whole(client: httpx.AsyncClient, path: str, size: int) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 30_000):
            yield bytes(min(30_000, size - start))

    for content in (bytes(size), pieces()):
        answer = await client.post(path, content=content)
        assert answer.status_code == 200
    assert answer.text == str(size if path == "/plain" else 2 * size)


async def test_the_view_sets_the_pace(url: str, views: Views) -> None:
    with upload(url, "/held") as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 50_000_000:
                send(connection, bytes(10_000))
                sent += 10_000
        await happens(lambda: views.read, 10)
    assert sent < 20_000_000  # what the buffers of two sockets and of the server hold


async def test_larger_than_allowed(client: httpx.AsyncClient, views: Views) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield bytes(10_000)

    for path, limit in (("/plain", LIMIT), ("/async", 100 * LIMIT)):
        for content in (bytes(limit + 1), endless() if path == "/plain" else bytes(limit + 1)):
            assert (await client.post(path, content=content)).status_code == 413
    assert views.read <= LIMIT + 100 * LIMIT


async def test_an_early_answer_reaches_who_still_sends(client: httpx.AsyncClient) -> None:
    answer = await client.post("/early", content=b"1234" + bytes(90_000))
    assert (answer.status_code, answer.text) == (400, "1234")


async def test_an_early_answer_ends_the_connection(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_body, "LINGER_SECONDS", 0.2)
    with upload(url, "/early") as connection:
        send(connection, b"1234")
        answer = await asyncio.to_thread(read_all, connection)
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.endswith(b"1234")


async def test_who_leaves_is_an_error_in_the_view(url: str, views: Views) -> None:
    for number in range(STREAMS * 3):
        with upload(url, "/plain") as connection:
            send(connection, b"some")
            await happens(lambda: views.read, 4 * number + 4)
        await happens(lambda: len(views.ends), number + 1)
    assert set(views.ends) == {"ClientDisconnected"}


async def test_who_dawdles_is_an_error_in_the_view(
    url: str, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_body, "CHUNK_SECONDS", 0.2)
    monkeypatch.setattr(incoming_body, "LINGER_SECONDS", 0.2)
    with upload(url, "/plain") as connection:
        send(connection, b"some")
        answer = await asyncio.to_thread(read_all, connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert views.ends == ["RequestTimeout"]


async def test_it_may_not_take_for_ever(
    url: str, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_body, "BODY_SECONDS", 0.5)
    with upload(url, "/plain") as connection, contextlib.suppress(OSError):
        for _ in range(500):
            send(connection, b"x")
            await asyncio.sleep(0.05)
    assert views.ends == ["RequestTimeout"]


async def test_few_at_once(client: httpx.AsyncClient, url: str, views: Views) -> None:
    uploads = [upload(url, "/plain") for _ in range(STREAMS)]
    for connection in uploads:
        send(connection, b"x")
    await happens(lambda: views.read, STREAMS)
    refused = await client.post("/plain", content=b"x")
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    other = await client.post("/plain", content=b"x", headers={"Content-Type": "text/other"})
    assert other.text == "1"
    for connection in uploads:
        connection.close()
    await happens(lambda: len(views.ends), STREAMS + 1)
    assert (await client.post("/plain", content=b"x")).text == "1"


async def test_as_a_file_only_in_a_thread(client: httpx.AsyncClient) -> None:
    assert (await client.post("/both", content=b"x")).status_code == 500


async def test_what_is_being_answered_is_read_no_more(
    url: str, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_body, "LINGER_SECONDS", 0.2)
    with upload(url, "/late") as connection:
        await happens(lambda: views.ends, ["ClientDisconnected"])
        assert b"so far: " in await asyncio.to_thread(read_all, connection)


async def test_a_server_that_gives_a_request_up_gets_its_thread_back(views: Views) -> None:
    bridge = FlaskASGI(views.application(), max_body_bytes=LIMIT, streamed={"text/lines"})
    messages: list[Message] = [{"type": "http.request", "body": b"some", "more_body": True}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(_: Message) -> None: ...

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/plain",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(b"content-type", b"text/lines")],
    }
    serving = asyncio.create_task(bridge(scope, receive, send))
    await happens(lambda: views.read, 4)
    serving.cancel()
    await happens(lambda: views.ends, ["ClientDisconnected"])
    await happens(lambda: bridge._pool._in_flight, 0)
    await bridge.close()
