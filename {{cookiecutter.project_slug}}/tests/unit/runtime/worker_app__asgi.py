"""A small service to run under the production server: what it does is written to its output."""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from {{cookiecutter.package_name}}.runtime import metrics
from {{cookiecutter.package_name}}.runtime.drain import Drain

LOGGERS = {"gunicorn.error", "uvicorn.error"}
"""Who writes to the log."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class App:
    """Greets; ``/slow`` takes a second; ``/hang`` never answers; WebSockets stay open."""

    def __init__(self) -> None:
        self._drain = Drain(float(os.environ["DRAIN_SECONDS"]))
        self._drain.add(self._wait)

    async def drain(self) -> None:
        await self._drain.run()

    async def _wait(self, left: float) -> None:
        print("draining now", flush=True)
        await asyncio.sleep(float(os.environ.get("DRAIN_TAKES", "0")))
        print("drained now", flush=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                await send({"type": "websocket.send", "text": "heard"})
        else:
            body = await self._answer(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str) -> bytes:
        print(f"asked for {path}", flush=True)
        if path == "/metrics":
            return metrics.render()
        if path == "/directory":
            return os.environ[metrics.MULTIPROC_DIR].encode()
        if path == "/slow":
            await asyncio.sleep(1)
        if path == "/hang":
            await asyncio.sleep(3600)
        return str(os.getpid()).encode()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if "FAIL_START" in os.environ:
            await send({"type": "lifespan.startup.failed", "message": "no store"})
            return
        metrics.CONNECTIONS.labels("/chat").set(10)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("closed now", flush=True)
        await send({"type": "lifespan.shutdown.complete"})


def create_app() -> App:
    return App()
