"""When traces are on, and what is refused."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from {{cookiecutter.package_name}}.runtime.tracing import is_on, problems, spans
from {{cookiecutter.package_name}}.runtime.tracing.requests import is_traced
from {{cookiecutter.package_name}}.runtime.tracing.sampling import Within

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_SERVICE_NAME": "chat"}, False),
    ],
)
def test_it_is_on_where_a_collector_is_named(environ: dict[str, str], expected: bool) -> None:
    assert is_on(environ) is expected


def test_what_cannot_be_done_is_named_without_its_value() -> None:
    environ = {
        "OTEL_TRACES_EXPORTER": "zipkin",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "s3cret@collector:4317",
    }
    found = "\n".join(problems(environ))
    assert "OTEL_TRACES_EXPORTER must be otlp or none" in found
    assert "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf" in found
    assert "OTEL_EXPORTER_OTLP_ENDPOINT must be an address" in found
    assert "s3cret" not in found
    assert list(problems(ENDPOINT)) == []
    assert list(problems({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})) == []  # it is off


@pytest.mark.parametrize(
    ("given", "trace_id"),
    [
        (None, 0),
        ("nonsense", 0),
        ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", 0),
        (f"00-{TRACE}-00f067aa0ba902b7-01", int(TRACE, 16)),
    ],
)
def test_what_a_client_sends_is_its_trace_or_nothing(given: str | None, trace_id: int) -> None:
    context = trace.get_current_span(spans.parent_of(given)).get_span_context()
    assert context.trace_id == trace_id


def test_what_nobody_asked_for_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider()
    provider.sampler = Within(provider.sampler)
    monkeypatch.setattr(spans, "TRACER", provider.get_tracer("test"))
    for kind in (SpanKind.CLIENT, SpanKind.PRODUCER):
        with spans.span("alone", kind) as one:
            assert not one.is_recording()
            assert spans.traceparent() is None
    with spans.span("request", SpanKind.SERVER), spans.span("call", SpanKind.CLIENT) as one:
        assert one.is_recording()
        assert spans.traceparent() is not None


def test_of_an_exception_the_type_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "TRACER", TracerProvider().get_tracer("test"))
    with pytest.raises(ValueError), spans.span("failing", SpanKind.SERVER) as one:  # noqa: PT011
        raise ValueError("s3cret")
    assert "s3cret" not in one.to_json()  # type: ignore[attr-defined]
    assert "ValueError" in one.to_json()  # type: ignore[attr-defined]


def test_probes_and_sockets_are_no_requests() -> None:
    assert [path for path in ("/healthz", "/socket.io/", "/static/a.js") if is_traced(path)] == []
    assert is_traced("/healthzz")
    assert is_traced("/api/v1/ticks")
