"""Ticks that are published while the request that brings them is still being sent."""

import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ..support import raw_http
from ..support.client import connect
from ..support.service import Service
from ..support.waiting import eventually

PATH = "/api/v1/ticks/stream"
NDJSON = "application/x-ndjson"

_numbers = itertools.count(1)


@pytest.fixture
def symbol() -> str:
    """A symbol that nobody else publishes."""
    return f"LINE{next(_numbers)}"


def lines(symbol: str, prices: range) -> bytes:
    ticks = ({"symbol": symbol, "price": price} for price in prices)
    return b"".join(json.dumps(tick).encode() + b"\n" for tick in ticks)


def headers(service: Service, **more: str) -> dict[str, str]:
    bearer = service.token("desk", "feed:write")
    return {"Authorization": f"Bearer {bearer}", "Content-Type": NDJSON, **more}


def post(service: Service, content: bytes | Iterator[bytes], **more: str) -> httpx.Response:
    url = f"{service.url}{PATH}"
    return httpx.post(url, content=content, headers=headers(service, **more), timeout=30)


def problem(response: httpx.Response, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    detail: str = body["detail"]
    return detail


def kept(service: Service, symbol: str) -> list[float]:
    """The prices in the history, oldest first."""
    bearer = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    url = f"{service.url}/api/v1/symbols/{symbol}/ticks?limit=1000"
    ticks = httpx.get(url, headers=bearer, timeout=10).json()["ticks"]
    return [tick["price"] for tick in ticks[::-1]]


@contextmanager
def upload(service: Service) -> Iterator[socket.socket]:
    """A request whose body is sent by hand, in chunks."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers(service).items())
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    with raw_http.connect(service.url, head) as connection:
        yield connection


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def test_they_are_heard_of_before_it_ends(service: Service, symbol: str) -> None:
    with (
        connect(service.url, service.token("eve", "feed:read"), "/feed") as eve,
        upload(service) as connection,
    ):
        eve.call("subscribe", {"symbols": [symbol]})
        send(connection, lines(symbol, range(300)))
        assert eve.next("ticks")["ticks"][0]["price"] == 0
        send(connection, lines(symbol, range(300, 900)))
        send(connection, b"")
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"accepted": 900}
    eventually(lambda: kept(service, symbol) == list(range(900)))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_stream(service: Service, symbol: str, chunked: bool) -> None:
    body = lines(symbol, range(20_000))
    pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    response = post(service, pieces if chunked else body)
    assert (response.status_code, response.json()) == (202, {"accepted": 20_000})
    eventually(lambda: kept(service, symbol) == list(range(19_000, 20_000)))


def test_the_last_line_need_not_end(service: Service, symbol: str) -> None:
    body = b"\n" + lines(symbol, range(2)) + b"\r\n\n" + lines(symbol, range(2, 3)).strip()
    assert post(service, body).json() == {"accepted": 3}
    assert post(service, b"").json() == {"accepted": 0}


@pytest.mark.parametrize(
    ("bad", "status", "code", "said"),
    [
        ('{"symbol": "ACME"}', 400, "invalid_payload", "price"),
        ('{"symbol": "ACME", "price": "n/a"}', 400, "invalid_payload", "price"),
        ('{"symbol": "ACME", "price": 1, "volume": 2}', 400, "invalid_payload", "volume"),
        ('{"symbol": "ACME", "price": 1, "at": "2999-01-01T00:00Z"}', 400, "invalid_payload", "at"),
        ('{"symbol": "ACME", "price": 1', 400, "invalid_payload", "JSON"),
        ("x" * 5000, 413, "too_large", "4096 bytes"),
    ],
)
def test_what_comes_before_a_bad_line_is_accepted(
    service: Service, symbol: str, bad: str, status: int, code: str, said: str
) -> None:
    body = lines(symbol, range(700)) + bad.encode() + b"\n" + lines(symbol, range(700, 9000))
    for content in (body, iter([body])):
        detail = problem(post(service, content), status, code)
        assert detail.startswith("700 accepted, then line 701: ")
        assert said in detail
    eventually(lambda: kept(service, symbol)[-700:] == list(range(700)))
    assert max(kept(service, symbol)) == 699


def test_it_is_bounded(service: Service, symbol: str) -> None:
    detail = problem(post(service, lines(symbol, range(100_001))), 413, "too_large")
    assert detail.startswith("100000 accepted, then line 100001: ")
    blank = (b" " * 4000 + b"\n" for _ in range(5000))
    assert problem(post(service, blank), 413, "too_large").startswith("0 accepted, then ")
    with raw_http.connect(
        service.url,
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {10**9}\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in headers(service).items())
        + "\r\n",
    ) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_who_leaves_keeps_nothing_busy(service: Service, symbol: str) -> None:
    for number in range(40):
        with upload(service) as connection:
            send(connection, lines(symbol, range(100 * number, 100 * number + 100)))
            if number % 2:
                send(connection, b'{"symbol": "ACME", "pri')
    assert post(service, lines(f"{symbol}B", range(100))).json() == {"accepted": 100}
    eventually(lambda: kept(service, f"{symbol}B") == list(range(100)))
    assert "Traceback" not in service.output()


def test_it_has_a_type_and_no_key(service: Service, symbol: str) -> None:
    body = lines(symbol, range(3))
    json_type = {"Content-Type": "application/json"}
    problem(post(service, body, **json_type), 415, "unsupported_media_type")
    problem(post(service, body, **{"Idempotency-Key": "k"}), 400, "invalid_payload")
    assert post(service, body, **{"Content-Type": f"{NDJSON}; charset=utf-8"}).is_success
    reader = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    problem(post(service, body, **reader), 403, "forbidden")


def test_a_batch_may_come_in_chunks_too(service: Service, symbol: str) -> None:
    body = json.dumps({"ticks": [{"symbol": symbol, "price": 1}]}).encode()
    url = f"{service.url}/api/v1/ticks"
    json_type = headers(service, **{"Content-Type": "application/json"})
    response = httpx.post(url, content=iter([body[:9], body[9:]]), headers=json_type, timeout=10)
    assert (response.status_code, response.json()) == (202, {"accepted": 1})
