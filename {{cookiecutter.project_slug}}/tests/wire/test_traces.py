"""Traces of OpenTelemetry, as a collector gets them."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.client import Refused, connect
from ..support.collector import SOON, Collector, running_collector
from ..support.ports import free_port
from ..support.service import START_TIMEOUT, Service, running_service
from ..support.waiting import eventually


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def service(collector: Collector) -> Iterator[Service]:
    with running_service({**collector.environment, "APP_LOG_LEVEL": "debug"}) as service:
        yield service


def lines(service: Service, trace: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in service.output().splitlines()]
    return [line for line in found if line.get("trace_id") == trace]


def test_a_request_goes_on_with_its_clients_trace(service: Service, collector: Collector) -> None:
    trace, above = secrets.token_hex(16), secrets.token_hex(8)
    answer = httpx.get(
        f"{service.url}/api/v1/rooms/quiet/messages",
        headers={
            "Authorization": f"Bearer {service.token()}",
            "traceparent": f"00-{trace}-{above}-01",
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-request-id"] == trace
    one = collector.wait_for("GET /api/v1/rooms/<room>/messages", trace)
    assert one.parent == above
    assert one.service == PACKAGE
    assert one.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": "200",
        "http.route": "/api/v1/rooms/<room>/messages",
        "url.path": "/api/v1/rooms/quiet/messages",
    }
    [line] = [line for line in lines(service, trace) if line["event"] == "request"]
    assert (line["request_id"], line["span_id"]) == (trace, one.id)


def test_a_stream_is_a_span_until_it_ends(service: Service, collector: Collector) -> None:
    trace = secrets.token_hex(16)
    headers = {
        "Authorization": f"Bearer {service.token(scope='feed:read')}",
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
    }
    url = f"{service.url}/api/v1/feed/stream?symbols=ACME"
    with httpx.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        time.sleep(0.5)
        assert not collector.named("GET /api/v1/feed/stream", trace)
    writer = {"Authorization": f"Bearer {service.token(scope='feed:write')}"}
    tick = {"ticks": [{"symbol": "ACME", "price": 1.5}]}

    def ended() -> bool:  # some servers notice by writing that the client has left
        httpx.post(f"{service.url}/api/v1/ticks", json=tick, headers=writer)
        return bool(collector.named("GET /api/v1/feed/stream", trace))

    eventually(ended)
    assert "Failed to detach" not in service.output()


def test_events_are_traces_linked_to_their_connect(
    service: Service, collector: Collector, room: str
) -> None:
    with connect(service.url, service.token("ada")) as client:
        assert client.call("join", {"room": room})["ok"]
        assert client.call("message", {"room": room, "text": "secret text", "id": "1"})["ok"]
        assert not client.call("message", {"room": room})["ok"]
        assert not client.call("nonsense", {})["ok"]
        code = "invalid_payload"
        bad = collector.wait_for(
            "message /chat", where=lambda one: one.attributes["socketio.outcome"] == code
        )
        good = collector.wait_for(
            "message /chat", where=lambda one: one.attributes["socketio.outcome"] == "ok"
        )
        opened = collector.wait_for("connect /chat", where=lambda one: one.id in good.links)
    assert good.trace != bad.trace
    assert (good.parent, opened.attributes["socketio.outcome"]) == ("", "accepted")
    assert good.attributes == {
        "socketio.namespace": "/chat",
        "socketio.event": "message",
        "socketio.outcome": "ok",
    }
    unknown = collector.wait_for("(unknown) /chat")
    assert unknown.attributes["socketio.outcome"] == "unknown_event"
    gone = collector.wait_for("disconnect /chat", where=lambda one: opened.id in one.links)
    assert not any(one.failed for one in (good, bad, unknown, gone))
    assert lines(service, opened.trace)[0]["event"] == "connected"


def test_a_refused_handshake_says_why(service: Service, collector: Collector) -> None:
    with pytest.raises(Refused):
        connect(service.url, service.token(scope="feed:read"))
    one = collector.wait_for(
        "connect /chat", where=lambda one: one.attributes["socketio.outcome"] == "forbidden"
    )
    assert not one.failed


def test_no_token_and_no_text_reaches_the_collector(
    service: Service, collector: Collector, room: str
) -> None:
    token, text = service.token("eve"), secrets.token_hex(16)
    with connect(service.url, token) as client:
        client.call("join", {"room": room})
        client.call("message", {"room": room, "text": text, "id": text})
        client.call("token_refresh", {"token": service.token("eve", lifetime=600)})
        client.call("token_refresh", {"token": token[:-4]})
    bearer = {"Authorization": f"Bearer {token}", "Cookie": f"token={token}"}
    url = f"{service.url}/api/v1/rooms/{room}/messages"
    httpx.get(f"{url}?token={token}", headers=bearer)
    trace = secrets.token_hex(16)
    last = {**bearer, "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    httpx.get(f"{service.url}/{token}", headers=last)
    collector.wait_for("GET", trace)
    sent = b"".join(collector.raw)
    _, payload, signature = token.split(".")
    for secret in (payload, signature, text, service.secret):
        assert secret.encode() not in sent


def test_probes_and_what_nobody_asked_for_are_no_traces(
    service: Service, collector: Collector
) -> None:
    for path in ("healthz", "readyz", "metrics"):
        assert httpx.get(f"{service.url}/{path}").status_code == 200
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    httpx.get(f"{service.url}/api/openapi.json", headers=headers)
    collector.wait_for("GET /api/openapi.json", trace)
    roots = {one.name for one in collector.spans if not one.parent}
    assert all(name.endswith(("/chat", "/feed")) or " /api/" in name for name in roots), roots


@pytest.mark.parametrize("answers", [False, True], ids=["nobody there", "no answer"])
def test_a_collector_that_fails_does_not_hold_the_end(answers: bool) -> None:
    with running_collector(patience=60) as deaf:
        url = deaf.url if answers else f"http://127.0.0.1:{free_port()}"
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, **SOON, "APP_DRAIN_SECONDS": "8"}
        with running_service(env) as service:
            with connect(service.url, service.token()) as client:
                assert client.call("join", {"room": "lobby"})["ok"]
            time.sleep(0.5)  # until it is being sent
            began = time.monotonic()
            assert service.terminate() == 0
            assert time.monotonic() - began < 8
            assert "Traceback" not in service.output()


def test_traces_are_sent_at_the_end(room: str) -> None:
    with running_collector() as collector:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        with running_service(env) as service:
            with connect(service.url, service.token()) as client:
                assert client.call("join", {"room": room})["ok"]
            assert service.terminate() == 0
        assert collector.named("join /chat")


def run(directory: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("APP_", "OTEL_"))}
    env = {**inherited, "APP_ENV": "test", "APP_JWT_SECRET": secrets.token_urlsafe(48), **env}
    return subprocess.run(
        [sys.executable, *command],
        env=env,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
        check=False,
    )


def test_without_the_extra_it_is_refused_before_it_listens(tmp_path: Path) -> None:
    absent = tmp_path / "opentelemetry"
    absent.mkdir()
    (absent / "__init__.py").touch()
    done = run(
        tmp_path,
        *("-m", PACKAGE, "serve"),
        PYTHONPATH=str(tmp_path),
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318",
    )
    assert done.returncode == 2
    assert "uv sync --extra tracing" in done.stderr
    assert "Traceback" not in done.stderr


def test_off_nothing_of_it_is_there(tmp_path: Path) -> None:
    ours = (
        "opentelemetry.exporter",
        "opentelemetry.instrumentation",
        f"{PACKAGE}.runtime.tracing.",
    )
    look = (
        f"import {PACKAGE}.app as app, sys; entry = app.create_app(); "
        f"print(type(entry).__name__, [m for m in sys.modules if m.startswith({ours})])"
    )
    assert run(tmp_path, "-c", look).stdout == "Entry []\n"
