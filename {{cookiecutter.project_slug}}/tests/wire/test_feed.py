"""The feed, from a request that publishes to whoever watches: sockets and event streams."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support.client import Refused, connect
from ..support.service import Service, running_service
from ..support.waiting import eventually

TICKS = "/api/v1/ticks"
STREAM = "/api/v1/feed/stream"


def publish(service: Service, *ticks: tuple[str, float], **headers: str) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {service.token('desk', 'feed:write')}"}
    body = {"ticks": [{"symbol": symbol, "price": price} for symbol, price in ticks]}
    return httpx.post(service.url + TICKS, json=body, headers=bearer | headers, timeout=10)


def prices(notices: list[dict[str, Any]], symbol: str) -> list[float]:
    ticks = [tick for notice in notices for tick in notice["ticks"]]
    return [tick["price"] for tick in ticks if tick["symbol"] == symbol]


def test_every_tick_reaches_whoever_subscribed(service: Service) -> None:
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        assert publish(service, ("WIRE", 0.5), ("ELSE", 1)).json() == {"accepted": 2}
        ack = watcher.call("subscribe", {"symbols": ["WIRE"]})
        assert ack["ok"]
        assert [tick["price"] for tick in ack["snapshot"]] == [0.5]
        for number in range(1, 101):
            publish(service, ("WIRE", number), ("ELSE", number))
        notices = watcher.all("ticks", until=lambda found: len(prices(found, "WIRE")) >= 100)
        assert prices(notices, "WIRE") == [float(number) for number in range(1, 101)]
        assert prices(notices, "ELSE") == []
        assert watcher.call("unsubscribe", {"symbols": ["WIRE"]}) == {"ok": True}
        publish(service, ("WIRE", 7))
        assert watcher.all("ticks") == []


def test_a_batch_that_is_sent_again_is_delivered_once(service: Service) -> None:
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        watcher.call("subscribe", {"symbols": ["ONCE"]})
        at = {"symbol": "ONCE", "price": 1, "at": "2026-01-01T00:00:00Z"}
        for _ in range(3):
            bearer = {"Authorization": f"Bearer {service.token('desk', 'feed:write')}"}
            response = httpx.post(
                service.url + TICKS,
                json={"ticks": [at]},
                headers=bearer | {"Idempotency-Key": "batch-1"},
            )
            assert (response.status_code, response.json()) == (202, {"accepted": 1})
        assert prices(watcher.all("ticks", until=bool), "ONCE") == [1.0]


def test_a_token_for_the_chat_does_not_open_the_feed(service: Service) -> None:
    with pytest.raises(Refused) as refused:
        connect(service.url, service.token("eve", "chat"), "/feed")
    assert refused.value.data["code"] == "forbidden"


@pytest.mark.parametrize(
    ("payload", "field"),
    [({"symbols": []}, "symbols"), ({"symbols": ["a*"]}, "symbols"), ({}, "symbols")],
)
def test_a_bad_subscription_is_refused(
    service: Service, payload: dict[str, Any], field: str
) -> None:
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        error = watcher.call("subscribe", payload)["error"]
        assert error["code"] == "invalid_payload"
        assert field in error["message"]


def events(response: httpx.Response) -> Iterator[list[float]]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield [tick["price"] for tick in json.loads(line[6:])["ticks"]]


def test_an_event_stream_begins_with_the_latest_and_goes_on(service: Service) -> None:
    publish(service, ("FLOW", 1))
    bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    with httpx.stream(
        "GET", f"{service.url}{STREAM}?symbols=FLOW", headers=bearer, timeout=10
    ) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        stream = events(response)
        assert next(stream) == [1.0]
        publish(service, ("FLOW", 2))
        assert next(stream) == [2.0]


def test_streams_that_clients_left_end() -> None:
    with running_service({"APP_MAX_EVENT_STREAMS": "2"}) as service:
        bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
        url = f"{service.url}{STREAM}?symbols=GONE"
        publish(service, ("GONE", 1))
        for _ in range(3):
            with ExitStack() as stack:
                for _ in range(2):
                    response = httpx.stream("GET", url, headers=bearer, timeout=10)
                    stream = events(stack.enter_context(response))
                    stack.push(lambda *_, stream=stream: None)  # dropped, it would hang up
                    assert next(stream) == [1.0]
                refused = httpx.get(url, headers=bearer, timeout=10)
                assert refused.status_code == 503
                assert int(refused.headers["Retry-After"]) > 0

            def are_free() -> bool:
                publish(service, ("GONE", 1))  # a write is what shows that nobody reads
                return "feed_streams 0.0" in httpx.get(f"{service.url}/metrics").text

            eventually(are_free)


def test_streams_end_when_the_service_does() -> None:
    with running_service() as service:
        bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
        publish(service, ("LAST", 1))
        ended = threading.Event()

        def read() -> None:
            url = f"{service.url}{STREAM}?symbols=LAST"
            with httpx.stream("GET", url, headers=bearer, timeout=30) as response:
                for _ in events(response):
                    begun.set()
            ended.set()

        begun = threading.Event()
        threading.Thread(target=read, daemon=True).start()
        assert begun.wait(10)
        started = time.monotonic()
        assert service.terminate() == 0
        assert ended.wait(5)
        assert time.monotonic() - started < 8
        assert "Traceback" not in service.output()


def command(service: Service, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    port = service.url.rpartition(":")[2]
    return subprocess.run(
        [sys.executable, "-m", PACKAGE, "publish", *words],
        input=text,
        env={**service.env, "APP_JWT_SECRET": service.secret, "PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_line_publishes(service: Service) -> None:
    with connect(service.url, service.token("eve", "feed:read"), "/feed") as watcher:
        watcher.call("subscribe", {"symbols": ["SHELL"]})
        done = command(service, "SHELL=1.5", "OTHER=2")
        assert (done.returncode, done.stdout) == (0, "2 published\n"), done.stderr
        lines = [f'{{"symbol": "SHELL", "price": {number}}}\n' for number in range(1500)]
        done = command(service, text="".join(lines))
        assert (done.returncode, done.stdout) == (0, "1500 published\n"), done.stderr
        notices = watcher.all("ticks", until=lambda found: len(prices(found, "SHELL")) > 1500)
        assert prices(notices, "SHELL") == [1.5, *map(float, range(1500))]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["SHELL"], "tick 1"),
        (["shell=1"], "symbol"),
        (["SHELL=1", 'A"B=1'], "tick 2"),
        (["SHELL=1", "--bearer", "no.good.token"], "401"),
        (["SHELL=1", "--url", "http://127.0.0.1:9", "--bearer", "x"], "no answer"),
    ],
)
def test_the_command_line_says_what_is_wrong(service: Service, words: list[str], says: str) -> None:
    done = command(service, *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
