"""Takes traces as a collector of OpenTelemetry does, over HTTP, for tests that look at them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
"""Milliseconds: spans are sent at once, for a test's sake."""


@dataclass(frozen=True)
class Received:
    """A span. `process`: the id of the one it was made in; `links`: ids of other spans."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, str]
    process: str
    service: str
    failed: bool


@dataclass
class Collector:
    """`patience`: seconds until it answers."""

    url: str = ""
    patience: float = 0.0
    spans: list[Received] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What sends a service's traces here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, **SOON}

    def named(self, name: str, trace: str | None = None) -> list[Received]:
        return [one for one in self.spans if one.name == name and trace in (None, one.trace)]

    def wait_for(
        self,
        name: str,
        trace: str | None = None,
        where: Callable[[Received], bool] = lambda _: True,
        timeout: float = 20.0,
    ) -> Received:
        """The first span with a name, in a trace."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for one in self.named(name, trace):
                if where(one):
                    return one
            time.sleep(0.05)
        seen = sorted({one.name for one in self.spans if trace in (None, one.trace)})
        raise AssertionError(f"no span {name!r} in trace {trace}; there are {seen}")

    def above(self, one: Received) -> list[str]:
        """The names of the spans above one, from the nearest to the outermost that came here."""
        by_id = {span.id: span for span in self.spans}
        names = []
        while one.parent in by_id:
            one = by_id[one.parent]
            names.append(one.name)
        return names

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            of = {a.key: a.value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Received(
                        name=span.name,
                        trace=span.trace_id.hex(),
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        links=tuple(link.span_id.hex() for link in span.links),
                        attributes={
                            a.key: a.value.string_value or str(a.value.int_value)
                            for a in span.attributes
                        },
                        process=str(of["process.pid"].int_value),
                        service=of["service.name"].string_value,
                        failed=span.status.code == span.status.STATUS_CODE_ERROR,
                    )
                    for span in scope.spans
                ]


@contextmanager
def running_collector(patience: float = 0.0) -> Iterator[Collector]:
    """A collector on a free port of the loopback."""
    collector = Collector(patience=patience)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") is None and self.path == "/v1/traces":
                collector.take(body)
            time.sleep(collector.patience)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the sender did not wait
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
