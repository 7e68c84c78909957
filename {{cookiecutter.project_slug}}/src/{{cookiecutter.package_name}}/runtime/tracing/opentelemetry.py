"""Tracing with OpenTelemetry's SDK, which takes all its settings from the environment."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from flask import Flask
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .. import logs, mode
from ..entry import Entry, Running
from . import N, Tracing
from .entry import TracedEntry
from .events import trace_events
from .routes import name_after_route
from .sampling import Within
from .spans import add_trace

CLOSE_SECONDS = 1.0
"""How long the end of a worker waits for the collector. What was not sent by then is lost."""


class OpenTelemetry(Tracing):
    """Traces requests, events, signals and jobs, and what they ask of backends."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._provider: TracerProvider | None = None
        logs.begin_with(add_trace)

    def entry(self, running: Callable[[], AbstractAsyncContextManager[Running]]) -> Entry:
        return TracedEntry(running)

    def watched(self, namespace: N) -> N:
        trace_events(namespace)
        return namespace

    def install(self, http: Flask) -> None:
        http.after_request(name_after_route)

    def start(self) -> None:
        resource = Resource.create({"process.pid": os.getpid()})
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: self._service}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.sampler = Within(provider.sampler)
        # its queue is bounded (OTEL_BSP_MAX_QUEUE_SIZE); what does not fit is dropped
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        self._provider = provider

    def close(self) -> None:
        if self._provider is None:
            return
        shutdown, closed = self._provider.shutdown, threading.Event()

        def close() -> None:
            shutdown()
            closed.set()

        # the SDK would wait for 30 seconds for a collector that does not answer; and where threads
        # are green, a join that takes too long may raise what ends the process
        threading.Thread(target=close, daemon=True).start()
        closed.wait(CLOSE_SECONDS)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.start()
        try:
            yield
        finally:
            await mode.call_driver(self.close)
