"""How many requests the bridge takes, and how it stops."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from flask import Flask

from {{cookiecutter.package_name}}.runtime.asgi_bridge import FlaskASGI
from {{cookiecutter.package_name}}.runtime.threads import PoolFull, ThreadPool

from ...support.raw_http import connect
from ...support.waiting import eventually
from .serving import serve


class Held:
    """A view that waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.entered = 0
        self.inside = 0
        self.most_inside = 0
        self._counting = threading.Lock()

    def application(self) -> Flask:
        app = Flask(__name__)

        @app.get("/held")
        def held() -> str:
            with self._counting:
                self.entered += 1
                self.inside += 1
                self.most_inside = max(self.inside, self.most_inside)
            self.let_go.wait(10)
            with self._counting:
                self.inside -= 1
            return "held"

        return app


async def test_a_full_pool_is_a_503_with_the_time_to_retry() -> None:
    held = Held()
    bridge = FlaskASGI(held.application(), max_body_bytes=1000, threads=3, waiting=5)
    with serve(bridge) as url:
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            taken = [asyncio.create_task(client.get("/held")) for _ in range(8)]
            await asyncio.to_thread(eventually, lambda: bridge._pool.full)
            refused = await asyncio.gather(*(client.get("/held") for _ in range(4)))
            upload = "POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            with connect(url, upload) as unread:
                before_its_body = await asyncio.to_thread(unread.recv, 65536)
            held.let_go.set()
            answered = await asyncio.gather(*taken)
            after = await client.get("/held")
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "overloaded"
    assert before_its_body.startswith(b"HTTP/1.1 503 ")
    assert {answer.status_code for answer in answered} == {200}
    assert held.most_inside == 3
    assert after.status_code == 200


async def test_who_leaves_while_waiting_is_not_served() -> None:
    held = Held()
    bridge = FlaskASGI(held.application(), max_body_bytes=1000, threads=1, waiting=20)
    request = "GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
    with serve(bridge) as url:
        connections = [connect(url, request) for _ in range(11)]
        await asyncio.to_thread(eventually, lambda: bridge._pool._in_flight == 11)
        for connection in connections:
            connection.close()
        await asyncio.to_thread(eventually, lambda: len(bridge._exchanges) == 1)
        held.let_go.set()
        await asyncio.to_thread(eventually, lambda: bridge._pool._in_flight == 0)
    assert held.entered == 1


@pytest.fixture
async def pool() -> AsyncIterator[ThreadPool]:
    pool = ThreadPool(2, 1, "pool")
    yield pool
    await pool.close(1)


async def test_threads_are_started_as_needed(pool: ThreadPool) -> None:
    for _ in range(10):
        await pool.submit(time.monotonic)
    assert pool._started == 1


async def test_a_failure_reaches_who_waits(pool: ThreadPool) -> None:
    def fail(error: BaseException) -> Any:
        raise error

    with pytest.raises(KeyError):
        await pool.submit(lambda: fail(KeyError()))
    for error in (StopIteration(), SystemExit(), asyncio.CancelledError()):
        with pytest.raises(RuntimeError, match=f"ended with {type(error).__name__}"):
            await pool.submit(lambda error=error: fail(error))  # type: ignore[misc]
    assert await pool.submit(lambda: "still there") == "still there"


async def test_a_failure_nobody_waits_for_is_logged(
    pool: ThreadPool, caplog: pytest.LogCaptureFixture
) -> None:
    let_go = threading.Event()

    def fail() -> None:
        let_go.wait(10)
        raise KeyError("lost")

    future = pool.submit(fail)
    future.cancel()
    let_go.set()
    await pool.close(5)
    assert "KeyError: 'lost'" in caplog.text


async def test_closing_waits_for_calls_in_flight_and_takes_no_more() -> None:
    pool = ThreadPool(2, 10, "closing")
    finished: list[int] = []

    def work() -> None:
        time.sleep(0.05)
        finished.append(1)

    for _ in range(6):
        pool.submit(work)
    began = time.monotonic()
    closing = asyncio.create_task(pool.close(30))
    await asyncio.sleep(0)
    with pytest.raises(PoolFull):
        pool.submit(work)
    await closing
    assert len(finished) == 6
    assert time.monotonic() - began < 15
    eventually(lambda: not any(t.name.startswith("closing-") for t in threading.enumerate()))


async def test_closing_does_not_wait_for_ever() -> None:
    pool = ThreadPool(1, 1, "stuck")
    let_go = threading.Event()
    pool.submit(lambda: let_go.wait(20))
    began = time.monotonic()
    await pool.close(0.1)
    assert time.monotonic() - began < 5
    let_go.set()
