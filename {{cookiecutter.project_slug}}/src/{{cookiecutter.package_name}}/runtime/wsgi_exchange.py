"""One WSGI response on its way from a thread to the client."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any

from .asgi import Message, Receive, Send
from .flask_app import AsyncBody, run_on_loop

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Rest = Iterable[Message] | AsyncBody

_WRITE_SECONDS = 60.0  # for a client to take one chunk of a stream
_LAST: Message = {"type": "http.response.body", "body": b""}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class ClientGone(OSError):
    """Nobody is there to read the rest of the response."""


class Exchange:
    """What the thread and the loop share of a response.

    In the thread: :meth:`run`. On the loop: everything that is ``async``, and what ends the
    response early. `started`: something has been sent already.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.started = False
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self._length: int | None = None
        self._over = False
        self._event_stream = False
        self._watcher: asyncio.Task[None] | None = None
        self._thread: asyncio.Future[Rest] | None = None
        self._cut: asyncio.Timeout | None = None

    # In the thread

    def run(self, app: WSGIApp, environ: dict[str, Any]) -> Rest:
        """Call the application and stream its response.

        :returns: what is left for the loop to send: an async body, or the last messages. A response
            that is complete with its first chunk is left whole, which saves a trip to the loop.
        """
        if self._over:
            return ()
        chunks = app(environ, self._start_response)
        if isinstance(chunks, AsyncBody):
            return chunks
        try:
            iterator = iter(chunks)
            first = next(iterator, b"")
            if self._length == len(first) or self._bodiless(environ["REQUEST_METHOD"]):
                return self._start, {"type": "http.response.body", "body": first}
            self._write(first)
            for chunk in iterator:
                self._write(chunk)
            return (_LAST,)
        except ClientGone:
            return ()
        finally:
            if close := getattr(chunks, "close", None):
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExceptionInfo | None = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None and self.started:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._start and exc_info is None:
            raise RuntimeError("start_response was called twice")
        encoded = []
        self._length = None
        for name, value in headers:
            key = _header_name(name)
            encoded.append((key, _header_value(name, value)))
            if key == b"content-length":
                self._length = int(value)
            elif key == b"content-type":
                self._event_stream = value.startswith("text/event-stream")
        self._start = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": encoded,
        }
        return self._write

    def _bodiless(self, method: str) -> bool:
        return method == "HEAD" or self._start["status"] in (204, 304)

    def _write(self, chunk: bytes) -> None:
        run_on_loop(self._loop, self._send_chunk(chunk))

    # On the loop

    async def finish(self, thread: asyncio.Future[Rest]) -> None:
        """Wait for the thread that runs :meth:`run`, and send what it leaves to the loop."""
        self._thread = thread
        rest = await thread
        if isinstance(rest, AsyncBody):
            await self._stream(rest)
            return
        for message in rest:
            self.started = True
            await self._send(message)

    async def _stream(self, body: AsyncBody) -> None:
        """Send an async body until it ends or :meth:`_leave` cuts it off."""
        try:
            async with asyncio.timeout(None) as cut, contextlib.aclosing(body.chunks) as chunks:
                self._cut = cut
                await self._begin()
                async for chunk in chunks:
                    await self._send_chunk(chunk.encode() if isinstance(chunk, str) else chunk)
        except TimeoutError:
            if not cut.expired():
                raise
        finally:
            self._cut = None
        await self._send(_LAST)

    async def _begin(self) -> None:
        self.watch()
        self.started = True
        await self._send(self._start)

    async def _send_chunk(self, chunk: bytes) -> None:
        if self._over:
            raise ClientGone
        if not self.started:
            await self._begin()
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            raise ClientGone from None

    def watch(self) -> None:
        """Look out for the client's leaving, from now on."""
        if self._watcher is None:
            self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave(())

    def end_event_stream(self) -> None:
        """Finish the response if it is a stream of server-sent events, which has no end itself."""
        if self._event_stream and self.started:
            self._leave((_LAST,))

    def abandon(self) -> None:
        """Nobody waits for the response any longer: a plain generator ends at its next chunk."""
        self._over = True
        if self._watcher is not None:
            self._watcher.cancel()

    def _leave(self, rest: Iterable[Message]) -> None:
        """End the response with `rest` and wait for no one.

        A thread cannot be interrupted and comes to know at its next chunk; an async body is
        cancelled where it is.
        """
        self._over = True
        if self._cut is not None:
            self._cut.reschedule(self._loop.time())
        elif self._thread is not None and not self._thread.done():
            self._thread.set_result(rest)


@lru_cache(maxsize=256)
def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _header_value(name: str, value: str) -> bytes:
    """Latin-1, as WSGI has it, or else UTF-8.

    :raises ValueError: for a control character, which would end the header early.
    """
    if not value.isprintable() and _CONTROL.search(value):
        raise ValueError(f"the response header {name} has a control character in its value")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8")
