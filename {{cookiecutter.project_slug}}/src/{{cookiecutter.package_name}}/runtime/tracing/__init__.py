"""Traces for OpenTelemetry, where the standard ``OTEL_*`` variables ask for them.

Nothing of OpenTelemetry is imported, and no call is wrapped, as long as they do not.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask

from ..entry import Entry, Running
from ..namespace import GatedNamespace

N = TypeVar("N", bound=GatedNamespace)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
INSTALL = "uv sync --extra tracing"


def is_on(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are asked for: by an endpoint, or by ``OTEL_TRACES_EXPORTER=otlp``."""
    if _value(environ, "OTEL_SDK_DISABLED") == "true":
        return False
    exporter = _value(environ, "OTEL_TRACES_EXPORTER")
    if exporter:
        return exporter != "none"
    return any(_value(environ, name) for name in ENDPOINTS)


def problems(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Why what is asked for cannot be done; no value is repeated, as it may hold a password."""
    if not is_on(environ):
        return
    if _value(environ, "OTEL_TRACES_EXPORTER") not in ("", "otlp"):
        yield "OTEL_TRACES_EXPORTER must be otlp or none"
    for name in PROTOCOLS:
        if _value(environ, name) not in ("", "http/protobuf"):
            yield f"{name} must be http/protobuf; a collector takes that on port 4318"
    for name in ENDPOINTS:
        if (url := environ.get(name, "").strip()) and not _is_http(url):
            yield f"{name} must be an address such as http://collector:4318"
    if not _is_installed():
        yield f"OTEL_… asks for traces, and what sends them is not installed; run: {INSTALL}"


class Tracing:
    """How the service is traced: not at all."""

    def entry(self, running: Callable[[], AbstractAsyncContextManager[Running]]) -> Entry:
        """The outermost application."""
        return Entry(running)

    def watched(self, namespace: N) -> N:
        """`namespace`, with its events in view."""
        return namespace

    def install(self, http: Flask) -> None:
        """Let requests be named after their routes."""

    def start(self) -> None:
        """To be called in the process whose traces these are: it starts a thread."""

    def close(self) -> None:
        """Send what waits, for a moment at most. Blocks."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """From start to close."""
        yield


def choose_tracing(service: str) -> Tracing:
    """To be called before the log is configured: its lines get the ids of their traces.

    :param service: what it is called where the environment says nothing.
    """
    if not is_on():
        return Tracing()
    from .opentelemetry import OpenTelemetry  # an extra, which need not be installed

    return OpenTelemetry(service)


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.sdk.trace") is not None and (
            find_spec("opentelemetry.exporter.otlp.proto.http") is not None
        )
    except ModuleNotFoundError:
        return False
