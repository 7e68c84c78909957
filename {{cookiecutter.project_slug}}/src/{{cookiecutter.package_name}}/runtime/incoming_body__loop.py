"""A request body that the application reads while it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from .asgi import Message, Receive, Scope, Send, header

CHUNK_SECONDS = 30.0
"""For the next chunk to arrive."""
BODY_SECONDS = 600.0
"""For all of them."""
LINGER_SECONDS = 2.0
"""For a client that still sends to read its answer."""

_LAST: Message = {"type": "http.response.body", "body": b""}


def is_streamed(scope: Scope, types: Collection[str]) -> bool:
    """Whether a request's body is of one of the media types that are read while they arrive."""
    content_type = header(scope, b"content-type") if types else None
    return content_type is not None and content_type.partition(";")[0].strip().lower() in types


class IncomingBody:
    """Chunks as they come: ``async for chunk in body``, on the loop and in one place.

    Nothing is read ahead. What the application does not take waits in the server, which stops
    reading from the client at 64 KB: so the application sets the pace.

    :param max_bytes: of the whole body, unless :meth:`allow` says otherwise.
    """

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int) -> None:
        length = header(scope, b"content-length") or ""
        self._declared = int(length) if length.isdecimal() else 0
        self._receive = receive
        self._max_bytes = max_bytes
        self._received = 0
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS
        self._cut: asyncio.Timeout | None = None
        self._complete = False
        self.over = asyncio.Event()
        """There is nothing more to read: it is complete, or given up."""

    def allow(self, max_bytes: int) -> None:
        """Let the body have up to `max_bytes`."""
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.next():
            yield chunk

    async def next(self) -> bytes:
        """The next chunk; empty at the end.

        :raises RequestEntityTooLarge: as soon as it is longer, or says that it will be.
        :raises RequestTimeout: it does not come.
        :raises ClientDisconnected: the client left, or is being answered already.
        """
        if self._declared > self._max_bytes:
            raise self._too_large()
        chunk = b""
        while not chunk and not self._complete:
            if self.over.is_set():
                raise ClientDisconnected
            chunk = self._taken(await self._next_message())
        return chunk

    async def _next_message(self) -> Message:
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(now + CHUNK_SECONDS, self._until)) as self._cut:
                return await self._receive()
        except TimeoutError:
            if self.over.is_set():
                raise ClientDisconnected from None
            raise RequestTimeout("the request body did not arrive in time") from None
        finally:
            self._cut = None

    def _taken(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            self.over.set()
            raise ClientDisconnected
        chunk: bytes = message.get("body", b"")
        self._received += len(chunk)
        if not message.get("more_body", False):
            self._complete = True
            self.over.set()
        if self._received > self._max_bytes:
            raise self._too_large()
        return chunk

    def _too_large(self) -> RequestEntityTooLarge:
        return RequestEntityTooLarge(f"the request body may have at most {self._max_bytes} bytes")

    def give_up(self) -> None:
        """Read no more. Who waits for a chunk hears that the client is gone."""
        self.over.set()
        if self._cut is not None:
            self._cut.reschedule(asyncio.get_running_loop().time())

    def answering(self, send: Send) -> Send:
        """`send`, for an answer that may begin before the body has come. Then no more of it is
        read, and the connection ends with the answer; but not under the hands of a client that is
        still writing, which would take the answer away with it."""

        async def send_to_writing(message: Message) -> None:
            if message["type"] == "http.response.start" and not self._complete:
                self.give_up()
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            elif not self._complete and not message.get("more_body", False):
                await send({**message, "more_body": True})
                await self._throw_away()
                message = _LAST
            await send(message)

        return send_to_writing

    async def _throw_away(self) -> None:
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while (message := await self._receive())["type"] != "http.disconnect":
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            pass
