"""Redis with traces: its commands, and signals that bring the span they were sent in.

The ``traceparent`` stands behind the name of the worker that sends, where workers that do not trace
look for nothing: ``<worker>;<traceparent>:<topic>:<data>``. So both kinds understand each other.
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
            here = traceparent()
            sender = self._worker if here is None else b"%b;%b" % (self._worker, here.encode())
            self._put(sender, topic, signal)

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

    def _accept(self, channel: str, data: bytes) -> None:
        self._sent_in = b""
        if channel == self._channel:
            sender, _, rest = data.partition(b":")
            worker, _, self._sent_in = sender.partition(b";")
            data = b"%b:%b" % (worker, rest)
        super()._accept(channel, data)

    def _hand_over(self, topic: str, data: bytes) -> None:
        if self._sent_in:
            data = Traced(data)
            data.traceparent = self._sent_in.decode("latin-1")
        super()._hand_over(topic, data)
