"""What views of one's own may be: classes, with hooks, error handlers, work that goes on after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import socketio
from flask import Flask, Response, g, request
from flask.views import MethodView

from {{cookiecutter.package_name}}.http.framework import (
    event_stream,
    make_app,
    request_body,
)
from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.mode import (
    ASYNC_MODE,
    sleep,
    spawn,
    together,
)

from ...support.transport import transport_to
from ...support.waiting import until

done: list[str] = []


class Numbers(MethodView):
    """A view whose methods wait, several things at once."""

    async def get(self, number: int) -> dict[str, Any]:
        async def doubled() -> int:
            await sleep(0.05)
            return number * 2

        return {"doubled": await together(doubled, doubled), "by": g.caller}

    async def put(self, number: int) -> tuple[str, int]:
        body = await request_body()
        spawn(finish, f"{number}:{len(body)}")
        return "later", 202

    async def delete(self, number: int) -> str:
        raise LookupError(number)


async def finish(what: str) -> None:
    await sleep(0.05)
    done.append(what)


async def tell() -> AsyncIterator[bytes]:
    try:
        for number in range(3):
            await sleep(0.01)
            yield b"data: %d\n\n" % number
    finally:
        done.append("told")


def application() -> Flask:
    app = make_app(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    app.add_url_rule("/numbers/<int:number>", view_func=Numbers.as_view("numbers"))

    @app.before_request
    async def recognise() -> None:
        await sleep(0)
        g.caller = request.headers.get("X-Caller", "nobody")

    @app.after_request
    async def sign(response: Response) -> Response:
        await sleep(0)
        response.headers["X-Signed"] = g.caller
        return response

    @app.teardown_request
    async def note(error: BaseException | None) -> None:
        done.append("teardown")

    @app.errorhandler(LookupError)
    async def missing(error: LookupError) -> tuple[str, int]:
        await sleep(0)
        return f"no {error}", 404

    @app.get("/told")
    async def told() -> Response:
        return event_stream(tell())

    return app


@asynccontextmanager
async def asking() -> AsyncIterator[httpx.AsyncClient]:
    done.clear()
    server = socketio.AsyncServer(async_mode=ASYNC_MODE)
    async with open_gateway(server, application(), Drain(5), polling=False) as app:
        transport = transport_to(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_a_class_with_hooks_around_it() -> None:
    async with asking() as client:
        answer = await client.get("/numbers/21", headers={"X-Caller": "ada"})
        assert answer.json() == {"doubled": [42, 42], "by": "ada"}
        assert answer.headers["X-Signed"] == "ada"
        await until(lambda: done == ["teardown"])


async def test_an_error_has_its_handler() -> None:
    async with asking() as client:
        answer = await client.delete("/numbers/7")
        assert (answer.status_code, answer.text) == (404, "no 7")


async def test_work_goes_on_after_the_request() -> None:
    async with asking() as client:
        answer = await client.put("/numbers/7", content=b"x" * 500_000)
        assert answer.status_code == 202
        await until(lambda: "7:500000" in done)


async def test_a_stream_ends_by_itself() -> None:
    async with asking() as client:
        answer = await client.get("/told")
        assert answer.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        await until(lambda: "told" in done)
