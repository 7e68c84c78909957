"""Quart under an ASGI server, with requests that are over before the service is."""

from __future__ import annotations

import asyncio
from typing import Any

from quart import Quart

from .asgi import Message, Receive, Scope, Send, problem
from .incoming_body import IncomingBody, is_streamed

_CLOSE_SECONDS = 5.0  # for requests in flight when the service stops
_STREAMS = 16  # bodies that arrive at once
_RETRY_SECONDS = 1.0


class Requests:
    """Passes requests to Quart, and knows which are under way."""

    def __init__(self, app: Quart) -> None:
        self._app: Any = app
        self._open: set[asyncio.Task[Any]] = set()
        self._event_streams: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # for which Quart would fail, there is no route
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        if is_streamed(scope, self._app.config.get("STREAMED_TYPES", ())):
            await self._stream(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request whose body the view reads while it arrives, from the scope: Quart
        itself would take in all that comes, at any pace."""
        if self._streams >= _STREAMS:
            detail = "too many requests at once"
            for message in problem(503, "overloaded", detail, retry_after=_RETRY_SECONDS):
                await send(message)
            return
        body = IncomingBody(scope, receive, self._app.config["MAX_CONTENT_LENGTH"])
        scope["incoming_body"] = body
        nothing: Message = {"type": "http.request", "body": b"", "more_body": False}
        messages = [nothing]

        async def receive_the_rest() -> Message:
            if messages:
                return messages.pop()
            await body.over.wait()
            return await receive()

        self._streams += 1
        try:
            await self._pass_on(scope, receive_the_rest, body.answering(send))
        finally:
            body.give_up()
            self._streams -= 1

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
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
