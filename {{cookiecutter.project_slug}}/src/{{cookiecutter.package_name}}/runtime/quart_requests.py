"""Quart under an ASGI server, with requests that are over before the service is."""

from __future__ import annotations

import asyncio
from typing import Any

from quart import Quart

from .asgi import Message, Receive, Scope, Send

_CLOSE_SECONDS = 5.0  # for requests in flight when the service stops


class Requests:
    """Passes requests to Quart, and knows which are under way."""

    def __init__(self, app: Quart) -> None:
        self._app: Any = app
        self._open: set[asyncio.Task[Any]] = set()
        self._event_streams: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # for which Quart would fail, there is no route
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - servers run a task for each request

        handler = task

        async def send_in_sight(message: Message) -> None:
            nonlocal handler
            handler = asyncio.current_task() or task
            if message["type"] == "http.response.start" and _is_event_stream(message):
                self._event_streams.add(task)
            await send(message)

        self._open.add(task)
        try:
            await self._app(scope, receive, send_in_sight)
        except asyncio.CancelledError:
            if handler is not task:  # which Quart 0.22 leaves running
                handler.cancel()
                await asyncio.wait([handler], timeout=_CLOSE_SECONDS)
            if task not in self._ended:
                raise
            task.uncancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for tasks in (self._open, self._event_streams, self._ended):
                tasks.discard(task)

    async def end_event_streams(self, _seconds: float) -> None:
        """Finish every open stream of server-sent events: a step of the drain.

        Event streams have no end of their own, and their clients come back by themselves.
        """
        for task in list(self._event_streams):
            self._ended.add(task)
            task.cancel()

    async def close(self) -> None:
        """Wait a few seconds for the requests under way."""
        if self._open:
            await asyncio.wait(self._open, timeout=_CLOSE_SECONDS)


def _is_event_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )
