"""The outermost ASGI application, with a span for each HTTP request."""

from __future__ import annotations

from ..asgi import Message, Receive, Scope, Send, header
from ..entry import Entry
from .requests import answered, is_traced, request_span


class TracedEntry(Entry):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_traced(scope["path"]):
            await super().__call__(scope, receive, send)
            return
        given = header(scope, b"traceparent")
        with request_span(scope["method"], scope["path"], given) as one:

            async def send_seen(message: Message) -> None:
                if message["type"] == "http.response.start":
                    answered(one, message["status"])
                await send(message)

            await super().__call__(scope, receive, send_seen)
