"""A service with an endless stream, for tests that start and stop it."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import socketio
from quart import Quart, Response

from {{cookiecutter.package_name}}.runtime.drain import Drain
from {{cookiecutter.package_name}}.runtime.entry import Entry, Running
from {{cookiecutter.package_name}}.runtime.gateway import open_gateway
from {{cookiecutter.package_name}}.runtime.mode import ASYNC_MODE

STREAMS = ("/stream",)


class NoDrain:
    async def run(self) -> None:
        pass


def note(what: str) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(what + "\n")


def fail(phase: str) -> None:
    if os.environ.get("FAIL") == phase:
        raise ConnectionError("redis://ada:hunter22222@127.0.0.1:1 does not answer")
    if os.environ.get("FAIL") == f"{phase} exit":
        raise SystemExit("no licence")


def application() -> Quart:
    app = Quart(__name__)

    async def events() -> AsyncGenerator[bytes | str, None]:
        try:
            yield "data: first\n\n"
            await asyncio.Event().wait()
        finally:
            note("/stream closed")

    @app.get("/stream")
    async def stream() -> Response:
        return Response(events(), mimetype="text/event-stream")

    return app


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    fail("startup")
    server = socketio.AsyncServer(async_mode=ASYNC_MODE)  # which nobody asks
    async with open_gateway(server, application(), Drain(1), polling=False) as app:
        note("opened")
        yield Running(app, NoDrain())
    note("closed")
    fail("shutdown")


app = Entry(running)
