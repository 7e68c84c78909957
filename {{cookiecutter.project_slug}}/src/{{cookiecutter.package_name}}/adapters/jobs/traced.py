"""Jobs with traces: a message of the queue brings the span it was put there in."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import dramatiq
from dramatiq.broker import MessageProxy
from opentelemetry.trace import SpanKind

from ...runtime.tracing.spans import parent_of, span, traceparent

OPTION = "traceparent"
"""Among the options of a message, which other workers ignore."""


class TracedJobs(dramatiq.Middleware):
    """Goes on, in the worker, with the trace of the request or event that started a job.

    Each attempt is a span under the same parent.
    """

    def __init__(self) -> None:
        self._here = threading.local()

    def before_enqueue(
        self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None
    ) -> None:
        if OPTION in message.options:
            return  # another attempt
        with span("enqueue job", SpanKind.PRODUCER, messaging_destination_name=message.queue_name):
            here = traceparent()
            if here is not None:
                message.options[OPTION] = here

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        stack = self._here.stack = ExitStack()
        parent = parent_of(message.options.get(OPTION))
        stack.enter_context(
            span("run job", SpanKind.CONSUMER, parent, messaging_message_id=message.args[0])
        )

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        kind = None if exception is None else type(exception)
        self._here.stack.__exit__(kind, exception, None)

    def after_skip_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        self._here.stack.close()
