"""What a Flask application may rely on under the bridge."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import httpx
import pytest
import structlog
from flask import g, request
from flask.views import MethodView

from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI
from {{cookiecutter.package_name}}.runtime.flask_app import AsgiFlask

from ...support.raw_http import connect, read_all
from .serving import serve


class Shared:
    """Things that belong to one event loop and that every view uses."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.connections: asyncio.Queue[int] = asyncio.Queue()
        for number in range(5):
            self.connections.put_nowait(number)
        self.inside = 0
        self.most_inside = 0
        self.everybody = asyncio.Event()
        self.seen: list[str] = []


class Item(MethodView):
    async def get(self, name: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"got": name}

    async def post(self, name: str) -> tuple[dict[str, str], int]:
        await asyncio.sleep(0)
        return {"made": name}, 201


def application(shared: Shared) -> AsgiFlask:
    app = AsgiFlask(__name__)
    app.secret_key = "only for these tests"

    @app.before_request
    async def before() -> None:
        await asyncio.sleep(0)
        g.greeting = "hello"
        structlog.contextvars.bind_contextvars(user="ada")

    @app.after_request
    async def after(response: flask.Response) -> flask.Response:
        await asyncio.sleep(0)
        response.headers["X-After"] = "yes"
        return response

    @app.teardown_request
    async def teardown(_error: BaseException | None) -> None:
        shared.seen.append(f"teardown {request.path}")

    @app.errorhandler(LookupError)
    async def lookup_error(error: LookupError) -> tuple[str, int]:
        await asyncio.sleep(0)
        return f"nothing at {error}", 404

    @app.get("/meet/<int:number>")
    async def meet(number: int) -> str:
        shared.inside += 1
        if shared.inside == number:
            shared.everybody.set()
        await asyncio.wait_for(shared.everybody.wait(), 10)
        return str(shared.inside)

    @app.get("/lock")
    async def lock() -> str:
        async with shared.lock:
            await asyncio.sleep(0.001)
        return "locked"

    @app.get("/pool")
    async def pool() -> str:
        connection = await shared.connections.get()
        await asyncio.sleep(0.005)
        shared.connections.put_nowait(connection)
        return "queried"

    @app.get("/missing/<name>")
    async def missing(name: str) -> str:
        raise LookupError(name)

    @app.get("/broken")
    async def broken() -> str:
        raise ValueError("broken")

    @app.get("/nested")
    async def nested() -> str:
        return str(app.ensure_sync(lock)())

    @app.get("/cancelled")
    async def cancelled() -> str:
        raise asyncio.CancelledError

    @app.get("/context")
    def context() -> dict[str, Any]:
        bound = structlog.contextvars.get_contextvars()
        return {**bound, "greeting": g.greeting, "thread": threading.current_thread().name}

    @app.get("/async-context")
    async def async_context() -> dict[str, Any]:
        await asyncio.sleep(0)
        bound = structlog.contextvars.get_contextvars()
        return {**bound, "greeting": g.greeting, "path": request.path}

    @app.get("/streamed")
    def streamed() -> flask.Response:
        def parts() -> Iterator[str]:
            for word in request.args["words"].split():
                yield word + "\n"

        return flask.Response(flask.stream_with_context(parts()))

    @app.get("/count")
    def count() -> dict[str, int]:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return {"count": flask.session["count"]}

    @app.get("/file")
    def file() -> flask.Response:
        return flask.send_file(BytesIO(bytes(300_000)), mimetype="application/x-zeros")

    @app.get("/source")
    def source() -> flask.Response:
        return flask.send_file(__file__, conditional=True)

    @app.get("/cookies")
    def cookies() -> flask.Response:
        response = flask.Response("two")
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        response.headers["X-Name"] = "Łódź"
        return response

    @app.get("/control")
    def control() -> flask.Response:
        return flask.Response("x", headers={"X-Name": "a\x00b"})

    @app.get("/environ/<path:rest>")
    def environ(rest: str) -> dict[str, Any]:
        kept = {k: v for k, v in request.environ.items() if isinstance(v, str)}
        return {"rest": rest, "root": request.script_root, **kept}

    @app.get("/nothing")
    def nothing() -> tuple[str, int]:
        return "", 204

    app.add_url_rule("/items/<name>", view_func=Item.as_view("item"))
    return app


@pytest.fixture(scope="module")
def shared() -> Shared:
    return Shared()


@pytest.fixture(scope="module")
async def client(shared: Shared) -> AsyncIterator[httpx.AsyncClient]:
    bridge = FlaskASGI(application(shared), max_body_bytes=1000)
    with serve(bridge) as url:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=10) as client:
            yield client


async def test_fifty_async_views_are_inside_at_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get("/meet/50") for _ in range(50)))
    assert [answer.text for answer in answers] == ["50"] * 50


@pytest.mark.parametrize("path", ["/lock", "/pool"])
async def test_async_views_share_what_belongs_to_a_loop(
    client: httpx.AsyncClient, path: str
) -> None:
    answers = await asyncio.gather(*(client.get(path) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}


async def test_async_hooks_and_error_handlers(client: httpx.AsyncClient, shared: Shared) -> None:
    answer = await client.get("/missing/thing")
    assert (answer.status_code, answer.text) == (404, "nothing at thing")
    assert answer.headers["X-After"] == "yes"
    assert shared.seen[-1] == "teardown /missing/thing"


async def test_an_async_view_that_raises_is_a_500(client: httpx.AsyncClient) -> None:
    assert (await client.get("/broken")).status_code == 500


async def test_method_view_with_async_methods(client: httpx.AsyncClient) -> None:
    assert (await client.get("/items/a")).json() == {"got": "a"}
    answer = await client.post("/items/b")
    assert (answer.status_code, answer.json()) == (201, {"made": "b"})


async def test_ensure_sync_inside_async_code_raises_and_does_not_deadlock(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await client.get("/nested")).status_code == 500
    assert "in async code: await it" in caplog.text
    assert (await client.get("/lock")).text == "locked"


async def test_a_cancelled_view_is_a_500_and_not_a_dead_connection(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/cancelled")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"


async def test_contextvars_go_from_the_server_to_views_and_from_hooks_to_views() -> None:
    bridge = FlaskASGI(application(Shared()), max_body_bytes=1000)

    async def with_id(scope: Any, receive: Any, send: Any) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=scope["path"])
        await bridge(scope, receive, send)

    with serve(with_id) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            plain, on_loop = await asyncio.gather(
                client.get("/context"), client.get("/async-context")
            )
    thread = plain.json().pop("thread")
    assert thread.startswith("flask-")
    assert plain.json() == {
        "request_id": "/context",
        "user": "ada",
        "greeting": "hello",
        "thread": thread,
    }
    assert on_loop.json() == {
        "request_id": "/async-context",
        "user": "ada",
        "greeting": "hello",
        "path": "/async-context",
    }


async def test_stream_with_context(client: httpx.AsyncClient) -> None:
    answer = await client.get("/streamed", params={"words": "one two three"})
    assert answer.text == "one\ntwo\nthree\n"
    assert answer.headers["Transfer-Encoding"] == "chunked"


async def test_sessions(client: httpx.AsyncClient) -> None:
    counts = [(await client.get("/count")).json()["count"] for _ in range(3)]
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]


async def test_send_file(client: httpx.AsyncClient) -> None:
    assert (await client.get("/file")).content == bytes(300_000)
    text = Path(__file__).read_bytes()
    part = await client.get("/source", headers={"Range": "bytes=10-99"})
    assert (part.status_code, part.content) == (206, text[10:100])
    whole = await client.get("/source")
    assert whole.content == text
    again = await client.get("/source", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_head_has_the_headers_and_no_body(client: httpx.AsyncClient) -> None:
    for path in ("/count", "/file", "/streamed?words=a", "/lock"):
        full, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("Content-Length") == full.headers.get("Content-Length")


async def test_no_content(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Length" not in answer.headers


async def test_repeated_and_non_latin_headers_arrive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/cookies")
    assert len(answer.headers.get_list("Set-Cookie")) == 2
    raw = {name.lower(): value for name, value in answer.headers.raw}
    assert raw[b"x-name"].decode() == "Łódź"


async def test_a_control_character_in_a_header_is_a_500(client: httpx.AsyncClient) -> None:
    answer = await client.get("/control")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


async def test_the_environ(client: httpx.AsyncClient) -> None:
    headers = [("X-Twice", "a"), ("X-Twice", "b"), ("X_Forged", "1"), ("X-Word", "caf\u00e9")]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await client.get("/environ/caf%C3%A9%20x?q=%C3%A9", headers=raw)
    environ = answer.json()
    assert environ["rest"] == "caf\u00e9 x"
    assert environ["HTTP_X_TWICE"] == "a,b"
    assert environ["HTTP_X_WORD"] == "caf\u00e9"
    assert environ["QUERY_STRING"] == "q=%C3%A9"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_X_FORGED" not in environ


async def test_a_root_path_becomes_the_script_name() -> None:
    bridge = FlaskASGI(application(Shared()), max_body_bytes=1000)
    with serve(bridge, root_path="/below") as url:
        answer = await asyncio.to_thread(httpx.get, f"{url}/environ/below")
    assert answer.json()["root"] == "/below"
    assert answer.json()["PATH_INFO"] == "/environ/below"


async def test_a_hundred_requests_on_one_connection(client: httpx.AsyncClient) -> None:
    for path in ("/context", "/lock"):
        statuses = set()
        ports = set()
        for _ in range(50):
            answer = await client.get(path)
            statuses.add(answer.status_code)
            ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
        assert statuses == {200}
        assert len(ports) == 1


async def test_pipelined_requests_are_answered_in_order(client: httpx.AsyncClient) -> None:
    lines = "GET /items/{} HTTP/1.1\r\nHost: x\r\n{}\r\n"
    requests = lines.format("a", "") + lines.format("b", "Connection: close\r\n")
    with connect(str(client.base_url).rstrip("/"), requests) as connection:
        received = await asyncio.to_thread(read_all, connection)
    assert received.count(b"200 OK") == 2
    assert received.index(b'"a"') < received.index(b'"b"')


async def test_a_websocket_is_refused(client: httpx.AsyncClient) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert (await client.get("/lock", headers=upgrade)).status_code == 403


def test_without_a_server_it_is_plain_flask() -> None:
    client = application(Shared()).test_client()
    assert client.get("/items/a").json == {"got": "a"}
    assert client.get("/missing/x").status_code == 404
