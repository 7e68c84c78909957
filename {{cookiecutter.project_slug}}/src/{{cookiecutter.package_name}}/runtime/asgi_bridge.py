"""Flask as an ASGI application: each request in a thread of a bounded pool."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Collection
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from .asgi import Message, Receive, Scope, Send, header, problem
from .body_file import BodyFile
from .flask_app import server_loop
from .incoming_body import IncomingBody, is_streamed
from .threads import PoolFull, ThreadPool
from .wsgi_environ import build_environ
from .wsgi_exchange import ClientGone, Exchange, Rest, WSGIApp

_BODY_SECONDS = 60.0  # for a request body to arrive
_CLOSE_SECONDS = 5.0  # for requests in flight when the service stops
_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class BodyTooLarge(Exception):
    """The request's body is longer than the service takes."""


Body = IO[bytes] | BodyFile


class FlaskASGI:
    """Runs a WSGI application, best an :class:`~.flask_app.AsgiFlask`, under an ASGI server.

    A request's body is there before its thread is: no thread waits for a slow client. Only bodies
    of the types in `streamed` are read by the view while they arrive.

    A request holds a thread while Flask works on it, while an async view waits, and as long as a
    plain generator streams; a :class:`~.flask_app.StreamedResponse` holds none. A view is not
    interrupted when its client leaves. A stream is: a plain generator at its next ``yield``.

    :param max_body_bytes: larger request bodies are refused with 413.
    :param threads: requests that run at once.
    :param waiting: requests that may wait for a thread; above it the answer is 503.
    :param spool_bytes: larger request bodies are kept on disk.
    :param streamed: media types.
    :param streams: bodies that arrive at once; above it the answer is 503. Each holds a thread.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        max_body_bytes: int,
        threads: int = 64,
        waiting: int = 256,
        spool_bytes: int = 1 << 20,
        streamed: Collection[str] = (),
        streams: int = 16,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._spool_bytes = spool_bytes
        self._streamed = frozenset(streamed)
        self._max_streams = streams
        self._streams = 0
        self._pool = ThreadPool(threads, waiting, "flask")
        self._exchanges: set[Exchange] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the Flask application has no use for a {scope['type']} scope")
        server_loop.set(asyncio.get_running_loop())
        try:
            if self._pool.full:
                raise PoolFull
            body = await self._read_body(scope, receive)
            if isinstance(body, BodyFile):
                await self._respond_to_stream(scope, body, receive, send)
            else:
                await self._respond(scope, body, receive, send)
        except PoolFull:
            detail = "too many requests at once"
            await _send_all(send, problem(503, "overloaded", detail, retry_after=_RETRY_SECONDS))
        except BodyTooLarge:
            await self._refuse_body(scope, receive, send)
        except TimeoutError:
            detail = f"the request body did not arrive within {_BODY_SECONDS:.0f} seconds"
            await _send_all(send, problem(408, "timeout", detail, close=True))
        except ClientGone:
            pass

    async def end_event_streams(self, _seconds: float) -> None:
        """Finish every open stream of server-sent events: a step of the drain.

        Event streams have no end of their own, and their clients come back by themselves. Other
        streams go on: cut off, they would look complete.
        """
        for exchange in list(self._exchanges):
            exchange.end_event_stream()

    async def close(self) -> None:
        """Take no more requests, and wait a few seconds for the threads in use."""
        await self._pool.close(_CLOSE_SECONDS)

    async def _respond_to_stream(
        self, scope: Scope, file: BodyFile, receive: Receive, send: Send
    ) -> None:
        if self._streams >= self._max_streams:
            raise PoolFull
        self._streams += 1
        try:
            await self._respond(scope, file, receive, file.body.answering(send))
        finally:
            file.body.give_up()  # a thread that still reads shall not be lost
            self._streams -= 1

    async def _respond(self, scope: Scope, body: Body, receive: Receive, send: Send) -> None:
        exchange = Exchange(receive, send)
        if self._pool.busy and not isinstance(body, BodyFile):
            exchange.watch()  # who gives up while waiting for a thread shall not cost one
        self._exchanges.add(exchange)
        try:
            work = partial(self._work, exchange, build_environ(scope, body), body)
            await exchange.finish(self._pool.submit(work))
        except PoolFull:
            body.close()
            raise
        except ClientGone:
            raise
        except Exception:
            _log.exception("the application failed where it does not handle errors itself")
            if not exchange.started:
                await _send_all(send, problem(500, "internal", "the service failed"))
        finally:
            self._exchanges.discard(exchange)
            exchange.abandon()

    def _work(self, exchange: Exchange, environ: dict[str, Any], body: Body) -> Rest:
        with body:
            return exchange.run(self._app, environ)

    async def _read_body(self, scope: Scope, receive: Receive) -> Body:
        """The request's body, all of it, unless it is of a type that is streamed.

        :raises BodyTooLarge: before more than the limit was kept.
        :raises TimeoutError: it is slower than a minute.
        :raises ClientGone: it breaks off.
        """
        if is_streamed(scope, self._streamed):
            return BodyFile(IncomingBody(scope, receive, self._max_body_bytes))
        length = header(scope, b"content-length") or ""
        if length.isdecimal() and int(length) > self._max_body_bytes:
            raise BodyTooLarge
        message = await _request(receive)
        if not message.get("more_body", False):
            return io.BytesIO(self._checked(message, 0))
        body = SpooledTemporaryFile(max_size=self._spool_bytes)  # noqa: SIM115
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body.write(self._checked(message, 0))
                while message.get("more_body", False):
                    message = await _request(receive)
                    body.write(self._checked(message, body.tell()))
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    def _checked(self, message: Message, received: int) -> bytes:
        chunk: bytes = message.get("body", b"")
        if received + len(chunk) > self._max_body_bytes:
            raise BodyTooLarge
        return chunk

    async def _refuse_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the request body may have at most {self._max_body_bytes} bytes"
        rest = IncomingBody(scope, receive, self._max_body_bytes)
        await _send_all(rest.answering(send), problem(413, "too_large", detail))


async def _request(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _send_all(send: Send, messages: tuple[Message, ...]) -> None:
    for message in messages:
        await send(message)
