"""Redis with traces: its commands, and signals that bring the span they were sent in.

The ``traceparent`` is the note before a signal, where workers that do not trace look for nothing.
So both kinds understand each other.
"""

from __future__ import annotations

import msgspec
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.trace import SpanKind

from ...runtime.tracing.spans import parent_of, span, traceparent
from .signals import Handler, RedisSignals


def trace_commands() -> None:
    """Have each command make a span, which names it without its values."""
    instrumentor = RedisInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument()


class Traced(bytes):
    """What a signal carries, and the span it was sent in."""

    traceparent: str


class TracedSignals(RedisSignals):
    """Goes on with the trace of the worker that sent a signal, where it is delivered."""

    _sent_in = b""

    async def publish(self, topic: str, signal: bytes | msgspec.Struct) -> None:
        with span(f"publish {topic}", SpanKind.PRODUCER, messaging_destination_name=topic):
            self._put((traceparent() or "").encode(), topic, signal)

    def subscribe(self, topic: str, handler: Handler) -> None:
        async def traced(data: bytes) -> None:
            if not isinstance(data, Traced):
                await handler(data)
                return
            parent = parent_of(data.traceparent)
            with span(
                f"deliver {topic}", SpanKind.CONSUMER, parent, messaging_destination_name=topic
            ):
                await handler(data)

        super().subscribe(topic, traced)

    def _accept(self, note: bytes, signal: bytes) -> None:
        self._sent_in = note
        super()._accept(note, signal)
        self._sent_in = b""

    def _hand_over(self, topic: str, data: bytes) -> None:
        if self._sent_in:
            data = Traced(data)
            data.traceparent = self._sent_in.decode("latin-1")
        super()._hand_over(topic, data)
