"""The outermost WSGI application, with a span for each HTTP request."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from werkzeug.wsgi import ClosingIterator

from ..entry import Entry
from ..wsgi import Environ, StartResponse, is_websocket
from .requests import answered, is_traced, request_span


class TracedEntry(Entry):
    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if is_websocket(environ) or not is_traced(path):
            return super().__call__(environ, start_response)
        stack = ExitStack()
        given = environ.get("HTTP_TRACEPARENT")
        one = stack.enter_context(request_span(environ["REQUEST_METHOD"], path, given))

        def start_seen(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            answered(one, int(status[:3]))
            return start_response(status, headers, *error)

        try:
            body = super().__call__(environ, start_seen)
        except Exception:
            answered(one, 500)
            stack.close()
            raise
        # a server reads and closes the answer where it has called: the context is the same
        return ClosingIterator(body, stack.close)
