"""What every request has in common, and how the service starts and stops."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from {{cookiecutter.package_name}}.runtime.entry import Entry, Running
from {{cookiecutter.package_name}}.runtime.wsgi import (
    Environ,
    StartResponse,
    WSGIApp,
    answer,
)

from ...support.transport import ADDRESS, transport_to

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Drain:
    """Counts how often it was asked for."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self) -> None:
        self.runs += 1


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answers with what it was given."""
    bound = structlog.contextvars.get_contextvars()
    seen = (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["request_id"])
    told = " ".join([*seen, bound["request_id"], str(len(bound))])
    return answer(start_response, 200, "text/plain", told.encode())


def opening(running: Running) -> AbstractContextManager[Running]:
    @contextmanager
    def opened() -> Iterator[Running]:
        yield running

    return opened()


@contextmanager
def started(app: WSGIApp = echo, hops: int = 0) -> Iterator[Entry]:
    """An entry between its start and its end, as a worker would drive it."""
    entry = Entry(lambda: opening(Running(app, Drain(), hops)))
    entry.open()
    yield entry
    entry.close()


def ask(
    entry: Entry, target: str = "/", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    with httpx.Client(transport=transport_to(entry), base_url="http://x") as client:
        return client.get(target, headers=headers)


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"X-Request-ID": "Job-7_a.b"}, "Job-7_a.b"),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"X-Request-ID": "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, "mine"),
        ({}, None),
        ({"X-Request-ID": ""}, None),
        ({"X-Request-ID": "a b"}, None),
        ({"X-Request-ID": "a\tb"}, None),
        ({"X-Request-ID": "x" * 65}, None),
        ({"X-Request-ID": "<script>"}, None),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, None),
        ({"traceparent": f"00-{TRACE}"}, None),
    ],
)
def test_the_request_id(headers: dict[str, str], request_id: str | None) -> None:
    with started() as entry:
        first, second = [ask(entry, headers=headers) for _ in range(2)]
    in_environ, bound = first.text.split()[2:4]
    assert first.headers["X-Request-ID"] == bound == in_environ
    if request_id:
        assert bound == request_id
    else:
        assert len(bound) == 16
        assert int(bound, 16) >= 0
        assert second.headers["X-Request-ID"] != bound


def test_each_request_begins_with_a_clean_log_context() -> None:
    structlog.contextvars.bind_contextvars(left="over")
    with started() as entry:
        assert ask(entry).text.endswith(" 1")
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("hops", "client", "scheme"),
    [(0, ADDRESS, "http"), (1, "203.0.113.7", "https"), (2, "6.6.6.6", "http")],
)
def test_trusted_proxies_are_seen_through(hops: int, client: str, scheme: str) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "http, https"}
    with started(hops=hops) as entry:
        assert ask(entry, headers=headers).text.startswith(f"{client} {scheme} ")


def test_a_websocket_gets_the_same_and_no_line_in_the_log() -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return []

    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_UPGRADE": "websocket",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_REQUEST_ID": "mine",
    }
    with capture_logs() as lines, started(app, hops=1) as entry:
        entry(environ, lambda *_: None)
    assert seen[0]["request_id"] == "mine"
    assert (seen[0]["wsgi.url_scheme"], seen[0]["REMOTE_ADDR"]) == ("https", "unknown")
    assert lines == []


def test_one_line_in_the_log_without_the_query() -> None:
    with capture_logs() as lines, started() as entry:
        ask(entry, "/a%0Ab?token=secret")
        ask(entry, "/" + "x" * 5000)
    one, other = lines
    ms = one.pop("ms")
    assert one == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/a%0Ab",
        "status": 200,
        "client": ADDRESS,
    }
    assert 0 <= ms < 5000
    assert len(other["path"]) == 200


def test_the_line_is_written_when_the_answer_has_ended() -> None:
    said: list[int] = []

    def stream(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for _ in range(2):
            said.append(len(lines))
            yield b"."

    with capture_logs() as lines, started(stream) as entry:
        assert ask(entry).text == ".."
    assert said == [0, 0]
    assert [line["status"] for line in lines] == [200]


def test_the_log_tells_failures_and_clients_that_left() -> None:
    def breaks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ZeroDivisionError

    def never_begun(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""

    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": ADDRESS}
    with capture_logs() as lines:
        with started(breaks) as entry, pytest.raises(ZeroDivisionError):
            ask(entry)
        with started(never_begun) as entry:
            body = entry(environ, lambda *_: None)
            body.close()  # type: ignore[attr-defined]
    assert [line["status"] for line in lines] == [500, 499]


def test_before_its_start_it_says_what_is_missing() -> None:
    entry = Entry(lambda: opening(Running(echo, Drain())))
    with pytest.raises(RuntimeError, match=r"open\(\)"):
        ask(entry)


def test_the_drain_is_the_services() -> None:
    drain = Drain()
    entry = Entry(lambda: opening(Running(echo, drain)))
    entry.drain()
    assert drain.runs == 0
    entry.open()
    entry.drain()
    assert drain.runs == 1
    entry.close()


def test_it_is_closed_once() -> None:
    closed: list[str] = []

    @contextmanager
    def opened() -> Iterator[Running]:
        yield Running(echo, Drain())
        closed.append("closed")

    entry = Entry(opened)
    entry.close()
    assert closed == []
    entry.open()
    entry.close()
    entry.close()
    assert closed == ["closed"]


def test_a_failing_start_has_a_readable_reason() -> None:
    @contextmanager
    def fails() -> Iterator[Running]:
        raise ConnectionError("redis://ada:hunter22222@127.0.0.1:1 does not\nanswer")
        yield

    with pytest.raises(RuntimeError, match="startup failed: ConnectionError: ") as raised:
        Entry(fails).open()
    reason = str(raised.value)
    assert "127.0.0.1:1 does not answer" in reason
    assert "test_entry.py:" in reason
    assert "hunter22222" not in reason
    assert raised.value.__suppress_context__
