"""What every request has in common, and how the service starts and stops."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from {{cookiecutter.package_name}}.runtime.asgi import Receive, Scope, Send, answer
from {{cookiecutter.package_name}}.runtime.entry import Entry, Running

from ...support.raw_http import connect
from ...support.waiting import DEADLINE, eventually
from .entry_app import STREAMS, NoDrain

TRACE = "0af7651916cd43dd8448eb211c80319c"
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it was given."""
    client = scope["client"][0]
    bound = structlog.contextvars.get_contextvars()
    told = f"{client} {scope['scheme']} {bound['request_id']} {scope['state']['request_id']}"
    for message in answer(200, "text/plain", f"{told} {len(bound)}".encode()):
        await send(message)


@asynccontextmanager
async def started(app: App = echo, hops: int = 0) -> Any:
    """An entry between its startup and its shutdown, as a server would drive it."""
    drain = NoDrain()

    @asynccontextmanager
    async def running() -> Any:
        yield Running(app, drain, hops)

    entry = Entry(running)
    stages: list[str] = []

    async def send(message: Any) -> None:
        stages.append(message["type"])

    async with entry_lifespan(entry, send):
        assert stages == ["lifespan.startup.complete"]
        yield entry
    assert stages[1:] == ["lifespan.shutdown.complete"]


@asynccontextmanager
async def entry_lifespan(entry: Entry, send: Any) -> Any:
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})
    task = asyncio.create_task(entry({"type": "lifespan"}, messages.get, send))
    await asyncio.sleep(0.01)
    yield
    messages.put_nowait({"type": "lifespan.shutdown"})
    await task


async def ask(entry: Any, target: str = "/", headers: Mapping[str, str] | None = None) -> Any:
    transport = httpx.ASGITransport(entry, client=("10.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.get(target, headers=headers)


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
async def test_the_request_id(headers: dict[str, str], request_id: str | None) -> None:
    async with started() as entry:
        first, second = [await ask(entry, headers=headers) for _ in range(2)]
    bound, in_scope = first.text.split()[2:4]
    assert first.headers["X-Request-ID"] == bound == in_scope
    if request_id:
        assert bound == request_id
    else:
        assert len(bound) == 16
        assert int(bound, 16) >= 0
        assert second.headers["X-Request-ID"] != bound


async def test_each_request_begins_with_a_clean_log_context() -> None:
    structlog.contextvars.bind_contextvars(left="over")
    async with started() as entry:
        assert (await ask(entry)).text.endswith(" 1")
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("hops", "client", "scheme"),
    [(0, "10.0.0.1", "http"), (1, "203.0.113.7", "https"), (2, "6.6.6.6", "http")],
)
async def test_trusted_proxies_are_seen_through(hops: int, client: str, scheme: str) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "http, https"}
    async with started(hops=hops) as entry:
        assert (await ask(entry, headers=headers)).text.startswith(f"{client} {scheme} ")


async def test_a_websocket_gets_the_same_and_no_line_in_the_log() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        return {}

    headers = [(b"x-forwarded-proto", b"https"), (b"x-request-id", b"mine")]
    scope = {"type": "websocket", "path": "/", "scheme": "ws", "headers": headers}
    with capture_logs() as lines:
        async with started(app, hops=1) as entry:
            await entry(scope, nothing, nothing)
    assert seen[0]["state"]["request_id"] == "mine"
    assert (seen[0]["scheme"], seen[0]["client"][0]) == ("wss", "unknown")
    assert lines == []


async def test_one_line_in_the_log_without_the_query() -> None:
    with capture_logs() as lines:
        async with started() as entry:
            await ask(entry, "/a%0Ab?token=secret")
            await ask(entry, "/" + "x" * 5000)
    one, other = lines
    ms = one.pop("ms")
    assert one == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/a%0Ab",
        "status": 200,
        "client": "10.0.0.1",
    }
    assert 0 <= ms < 5000
    assert len(other["path"]) == 200


async def test_the_log_tells_failures_and_clients_that_left() -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def leaves(scope: Scope, receive: Receive, send: Send) -> None:
        return

    async def nothing(*_: Any) -> Any:
        return {}

    with capture_logs() as lines:
        async with started(breaks) as entry:
            with pytest.raises(ZeroDivisionError):
                await ask(entry)
        async with started(leaves) as entry:
            scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
            await entry(scope, nothing, nothing)
    assert [line["status"] for line in lines] == [500, 499]


async def test_without_a_lifespan_it_says_what_is_missing() -> None:
    @asynccontextmanager
    async def never() -> Any:
        raise AssertionError
        yield

    with pytest.raises(RuntimeError, match="lifespan"):
        await ask(Entry(never))


async def test_the_drain_is_the_services() -> None:
    drained: list[str] = []

    class Drain:
        async def run(self) -> None:
            drained.append("drained")

    @asynccontextmanager
    async def running() -> Any:
        yield Running(echo, Drain())

    entry = Entry(running)
    await entry.drain()
    assert drained == []

    async def send(_message: Any) -> None:
        pass

    async with entry_lifespan(entry, send):
        await entry.drain()
        assert drained == ["drained"]


@contextmanager
def server(tmp_path: Path, **env: str) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """uvicorn's own command line, with its defaults."""
    notes = tmp_path / "notes"
    notes.touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", f"{__package__}.entry_app:app"]
        command += ["--fd", str(listener.fileno()), "--timeout-graceful-shutdown", "1"]
        path = os.pathsep.join([str(Path(__file__).parents[3]), *sys.path])
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path, "NOTES": str(notes), **env},
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process, f"http://127.0.0.1:{listener.getsockname()[1]}", notes
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("failure", ["startup", "startup exit"])
def test_a_failing_start_ends_the_server_with_a_readable_reason(
    tmp_path: Path, failure: str
) -> None:
    with server(tmp_path, FAIL=failure) as (process, _, _notes):
        output, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode not in (0, None)
    assert "startup failed: " in output
    reason = "SystemExit: no licence" if "exit" in failure else "127.0.0.1:1 does not answer"
    assert reason in output
    assert "entry_app.py:" in output
    assert "hunter22222" not in output
    assert "Traceback" not in output


def test_a_failing_stop_is_reported(tmp_path: Path) -> None:
    with server(tmp_path, FAIL="shutdown") as (process, _, notes):
        eventually(lambda: "opened" in notes.read_text())
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=DEADLINE)
    assert "shutdown failed: ConnectionError: " in output
    assert "hunter22222" not in output
    assert "Traceback" not in output


def test_it_stops_with_streams_open(tmp_path: Path) -> None:
    with server(tmp_path) as (process, url, notes), ExitStack() as stack:
        for path in STREAMS:
            stream = stack.enter_context(connect(url, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            assert b"200 OK" in stream.recv(65536)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=DEADLINE)
    noted = notes.read_text().splitlines()
    assert noted[0] == "opened"
    assert sorted(noted[1:-1]) == sorted(f"{path} closed" for path in STREAMS)
    assert noted[-1] == "closed"
    assert "Traceback" not in output
    assert process.returncode in (0, -signal.SIGTERM)
