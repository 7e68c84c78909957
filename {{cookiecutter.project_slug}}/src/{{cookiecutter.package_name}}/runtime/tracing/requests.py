"""Spans of HTTP requests.

OpenTelemetry has instrumentations of web servers, which are not used: they put the query of an
address into an attribute, and give a WebSocket one span for all of its life.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from ..redaction import redact_text
from .spans import failed, parent_of, span

UNTRACED = ("/healthz", "/readyz", "/metrics", "/socket.io", "/static")
"""Asked every few seconds, or traced otherwise: of Socket.IO, each event."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LONGEST_PATH = 200


def is_traced(path: str) -> bool:
    return not any(path == root or path.startswith(f"{root}/") for root in UNTRACED)


@contextmanager
def request_span(method: str, path: str, traceparent: str | None) -> Iterator[Span]:
    """The span of a request until the end of its answer.

    :param traceparent: as the client sent it.
    """
    name = method if method in _METHODS else "HTTP"
    with span(
        name,
        SpanKind.SERVER,
        parent_of(traceparent),
        url_path=redact_text(path, _LONGEST_PATH),
    ) as one:
        one.set_attribute("http.request.method", name if name != "HTTP" else "_OTHER")
        yield one


def answered(one: Span, status: int) -> None:
    one.set_attribute("http.response.status_code", status)
    if status >= 500:
        failed(one, str(status))
