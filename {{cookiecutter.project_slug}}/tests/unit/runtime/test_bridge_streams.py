"""Streams: sent as they are made, at the client's pace, and closed when the client leaves."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

import flask
import httpx
import pytest

from {{cookiecutter.package_name}}.runtime import wsgi_exchange
from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI
from {{cookiecutter.package_name}}.runtime.flask_app import AsgiFlask, StreamedResponse

from ...support.raw_http import connect, read_all
from ...support.waiting import eventually
from .serving import serve

GET = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
THREADS = 8


class Streams:
    """Counts what goes on in the generators, and holds them up."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.produced = 0
        self.go_on = threading.Event()

    @property
    def open(self) -> int:
        return self.opened - self.closed


def application(streams: Streams) -> AsgiFlask:
    app = AsgiFlask(__name__)

    def plain(chunk: bytes, between: Callable[[], object]) -> Iterator[bytes]:
        streams.opened += 1
        try:
            while True:
                streams.produced += len(chunk)
                yield chunk
                between()
        finally:
            streams.closed += 1

    async def for_ever() -> AsyncGenerator[bytes | str, None]:
        streams.opened += 1
        try:
            yield "data: first\n\n"
            await asyncio.Event().wait()
        finally:
            streams.closed += 1

    @app.get("/ticks")
    def ticks() -> flask.Response:
        body = plain(b"data: tick\n\n", lambda: time.sleep(0.02))
        return flask.Response(body, mimetype="text/event-stream")

    @app.get("/stuck")
    def stuck() -> flask.Response:
        body = plain(b"data: tick\n\n", lambda: streams.go_on.wait(20))
        return flask.Response(body, mimetype="text/event-stream")

    @app.get("/pour")
    def pour() -> flask.Response:
        return flask.Response(plain(bytes(65536), lambda: None))

    @app.get("/async-ticks")
    async def async_ticks() -> flask.Response:
        return StreamedResponse(for_ever())

    @app.get("/async-pour")
    def async_pour() -> flask.Response:
        async def chunks() -> AsyncGenerator[bytes | str, None]:
            streams.opened += 1
            try:
                while True:
                    streams.produced += 65536
                    yield bytes(65536)
            finally:
                streams.closed += 1

        return StreamedResponse(chunks(), mimetype="application/x-zeros")

    @app.get("/async-words")
    def async_words() -> flask.Response:
        async def words() -> AsyncGenerator[bytes | str, None]:
            for word in ("one ", "two ", "żółw"):
                await asyncio.sleep(0)
                yield word

        return StreamedResponse(words(), mimetype="text/plain")

    @app.get("/breaks")
    def breaks() -> flask.Response:
        return flask.Response(str(6 // (2 - n)) for n in itertools.count())

    @app.get("/async-breaks")
    def async_breaks() -> flask.Response:
        async def words() -> AsyncGenerator[bytes | str, None]:
            yield "good"
            raise ZeroDivisionError

        return StreamedResponse(words())

    @app.get("/breaks-at-once")
    def breaks_at_once() -> flask.Response:
        return flask.Response(str(1 // n) for n in range(2))

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(FlaskASGI(application(STREAMS), max_body_bytes=1000, threads=THREADS)) as url:
        yield url


STREAMS = Streams()


@pytest.fixture
def streams() -> Iterator[Streams]:
    STREAMS.__init__()  # type: ignore[misc]
    yield STREAMS
    STREAMS.go_on.set()
    eventually(lambda: not STREAMS.open)


@pytest.fixture
async def client(url: str, streams: Streams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        yield client


async def first_bytes(client: httpx.AsyncClient, path: str) -> None:
    """Open a stream, read its beginning and leave."""
    async with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        async for _ in answer.aiter_raw():
            break


@pytest.mark.parametrize("path", ["/ticks", "/async-ticks"])
async def test_abandoned_streams_are_closed_and_their_threads_are_free(
    client: httpx.AsyncClient, streams: Streams, path: str
) -> None:
    for _ in range(3):
        await asyncio.gather(*(first_bytes(client, path) for _ in range(THREADS - 1)))
    eventually(lambda: streams.open == 0)
    assert streams.opened == 3 * (THREADS - 1)
    answers = await asyncio.gather(*(client.get("/hello") for _ in range(20)))
    assert {answer.text for answer in answers} == {"hello"}


async def test_sixty_clients_that_vanish_do_not_wedge_forty_threads(streams: Streams) -> None:
    with serve(FlaskASGI(application(streams), max_body_bytes=1000, threads=40)) as url:
        vanishing = [connect(url, GET.format("/ticks")) for _ in range(60)]
        eventually(lambda: streams.opened == 40)
        for connection in vanishing[40:]:  # those who wait for a thread, as they came last
            connection.close()
        await asyncio.sleep(0.5)
        for connection in vanishing[:40]:
            connection.close()
        answer = await asyncio.to_thread(httpx.get, f"{url}/hello", timeout=10)
        assert answer.text == "hello"
        eventually(lambda: streams.open == 0)
        assert streams.opened < 60, "who left before it was served costs no thread"


async def test_async_streams_hold_no_threads(client: httpx.AsyncClient, streams: Streams) -> None:
    url = str(client.base_url).rstrip("/")
    opened = [connect(url, GET.format("/async-ticks")) for _ in range(5 * THREADS)]
    eventually(lambda: streams.open == 5 * THREADS)
    assert (await client.get("/hello")).text == "hello"
    for connection in opened:
        connection.close()
    eventually(lambda: streams.open == 0)


async def test_a_generator_blocked_between_chunks_ends_at_its_next(
    client: httpx.AsyncClient, streams: Streams
) -> None:
    await first_bytes(client, "/stuck")
    await asyncio.sleep(0.1)
    assert streams.open == 1
    streams.go_on.set()
    eventually(lambda: streams.open == 0)


async def test_an_async_body_arrives_in_pieces(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/async-words") as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert b"".join(pieces).decode() == "one two żółw"


async def test_an_async_stream_begins_with_its_headers(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/async-ticks") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")


def test_an_async_body_under_the_test_client() -> None:
    answer = application(Streams()).test_client().get("/async-words")
    assert answer.text == "one two żółw"


async def test_head_of_an_async_stream(client: httpx.AsyncClient, streams: Streams) -> None:
    answer = await client.head("/async-ticks")
    assert (answer.status_code, answer.content, streams.opened) == (200, b"", 0)


@pytest.mark.parametrize("path", ["/pour", "/async-pour"])
async def test_a_slow_reader_slows_the_generator_down(
    client: httpx.AsyncClient, streams: Streams, path: str
) -> None:
    with connect(str(client.base_url).rstrip("/"), GET.format(path)):
        await asyncio.to_thread(eventually, lambda: streams.produced > 0)
        produced = -1
        for _ in range(50):
            await asyncio.sleep(0.1)
            if produced == streams.produced:
                break
            produced = streams.produced
        assert 0 < streams.produced == produced < 64 << 20
        assert (await client.get("/hello")).text == "hello"


@pytest.mark.parametrize("path", ["/pour", "/async-pour"])
async def test_a_client_that_stops_reading_is_given_up(
    client: httpx.AsyncClient, streams: Streams, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wsgi_exchange, "_WRITE_SECONDS", 0.2)
    with connect(str(client.base_url).rstrip("/"), GET.format(path)) as connection:
        await asyncio.to_thread(eventually, lambda: streams.closed == 1)
        received = await asyncio.to_thread(read_all, connection)
    assert not received.endswith(b"0\r\n\r\n"), "cut off, it must not look complete"


@pytest.mark.parametrize("path", ["/breaks", "/async-breaks"])
async def test_a_stream_that_fails_does_not_look_complete(
    client: httpx.AsyncClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(path)
    assert "ZeroDivisionError" in caplog.text
    assert (await client.get("/hello")).text == "hello"


async def test_a_stream_that_fails_before_its_first_chunk_is_a_500(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/breaks-at-once")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


@pytest.mark.parametrize("path", ["/ticks", "/stuck", "/async-ticks"])
async def test_the_drain_finishes_event_streams(streams: Streams, path: str) -> None:
    bridge = FlaskASGI(application(streams), max_body_bytes=1000)
    loops: list[asyncio.AbstractEventLoop] = []

    async def app(scope: object, receive: object, send: object) -> None:
        loops.append(asyncio.get_running_loop())
        await bridge(scope, receive, send)  # type: ignore[arg-type]

    with serve(app) as url:
        with connect(url, GET.format(path)) as events, connect(url, GET.format("/pour")) as other:
            received = await asyncio.to_thread(events.recv, 65536)
            eventually(lambda: streams.open == 2)
            asyncio.run_coroutine_threadsafe(bridge.end_event_streams(1), loops[0]).result(5)
            while not received.endswith(b"0\r\n\r\n"):
                chunk = await asyncio.to_thread(events.recv, 65536)
                assert chunk, "the end of the response was not sent"
                received += chunk
            produced = streams.produced
            for _ in range(200):
                await asyncio.to_thread(other.recv, 65536)
            assert streams.produced > produced, "other streams go on"
        streams.go_on.set()
