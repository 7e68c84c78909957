"""Spans, and the ids that go from one process to another (W3C ``traceparent``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.types import EventDict, WrappedLogger

TRACER = trace.get_tracer(__name__)
NOWHERE = Context()
"""The parent of what begins a trace."""

_FORMAT = TraceContextTextMapPropagator()


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    parent: Context | None = None,
    links: Sequence[Link] = (),
    **attributes: str,
) -> Iterator[Span]:
    """A span around a block. Of an exception it keeps the type alone: texts may hold anything.

    :param parent: instead of the current span.
    :param attributes: their names with underscores for dots.
    """
    with TRACER.start_as_current_span(
        name,
        parent,
        kind,
        {key.replace("_", "."): value for key, value in attributes.items()},
        links,
        record_exception=False,
        set_status_on_exception=False,
    ) as one:
        try:
            yield one
        except Exception as error:
            failed(one, type(error).__name__)
            raise


def failed(one: Span, what: str) -> None:
    one.set_status(Status(StatusCode.ERROR, what))


def parent_of(traceparent: str | None) -> Context:
    """Where a ``traceparent`` from outside leads; one that is none begins a trace."""
    return _FORMAT.extract({"traceparent": traceparent or ""}, NOWHERE)


def traceparent() -> str | None:
    """The current span for another process; ``None`` if it is not recorded."""
    here = trace.get_current_span().get_span_context()
    if not here.is_valid or not here.trace_flags.sampled:
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


def add_trace(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A processor of structlog's: the ids under which the trace can be looked up."""
    here = trace.get_current_span().get_span_context()
    if here.is_valid and here.trace_flags.sampled:
        line.setdefault("trace_id", f"{here.trace_id:032x}")
        line.setdefault("span_id", f"{here.span_id:016x}")
    return line
