"""A service of two endless streams, for tests that start and stop it."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from flask import Response

from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI
from {{cookiecutter.package_name}}.runtime.entry import Entry, Running
from {{cookiecutter.package_name}}.runtime.flask_app import AsgiFlask, StreamedResponse

STREAMS = ("/stream", "/plain-stream")


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


def application() -> AsgiFlask:
    app = AsgiFlask(__name__)

    async def events() -> AsyncGenerator[bytes | str, None]:
        try:
            yield "data: first\n\n"
            await asyncio.Event().wait()
        finally:
            note("/stream closed")

    def plain_events() -> Iterator[str]:
        try:
            while True:
                yield "data: again\n\n"
                time.sleep(0.05)
        finally:
            note("/plain-stream closed")

    @app.get("/stream")
    async def stream() -> Response:
        return StreamedResponse(events())

    @app.get("/plain-stream")
    def plain_stream() -> Response:
        return Response(plain_events(), mimetype="text/event-stream")

    return app


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    fail("startup")
    bridge = FlaskASGI(application(), max_body_bytes=1000)
    note("opened")
    yield Running(bridge, NoDrain())
    await bridge.close()
    note("closed")
    fail("shutdown")


app = Entry(running)
