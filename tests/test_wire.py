"""Generated services in production, driven from outside by the official clients.

These tests know a service only by its documentation: its commands, settings, routes and events.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import socketio
from baking import CHOICES
from serving import Served, redis_url, served
from socketio.exceptions import ConnectionError as SocketRefused

BURST, SECONDS_APART = 20, 0.5
"""How many messages may come at once, and then one in how many seconds, as settings begin."""
CLIENT = Path(__file__).parent / "clients" / "contract.mjs"
WEBSOCKET, POLLING = ["websocket"], ["polling", "websocket"]


@dataclass(frozen=True)
class Combination:
    """What is driven. Over Redis there are two workers, in eventlet's case two processes."""

    mode: str
    queue: str
    database: str
    transports: list[str]
    serializer: str = "json"


COMBINATIONS = [
    *(Combination(mode, "redis", "none", WEBSOCKET) for mode in CHOICES["async_mode"]),
    *(Combination(mode, "none", "none", POLLING) for mode in CHOICES["async_mode"]),
    Combination("asgi", "redis", "sqlite", WEBSOCKET, "msgpack"),
    Combination("asgi", "none", "sqlite", WEBSOCKET),
    Combination("gevent", "redis", "sqlite", WEBSOCKET, "msgpack"),
]
IDS = [f"{c.mode}-{c.queue}-{c.database}-{c.transports[0]}-{c.serializer}" for c in COMBINATIONS]
PARSER = "socket.io-msgpack-parser@3.0.2"
"""What an application in JavaScript adds to speak MessagePack."""

pytestmark = pytest.mark.slow


def test_every_mode_and_every_way_to_keep_messages_is_driven() -> None:
    assert len(COMBINATIONS) == 13


@pytest.fixture(scope="module", params=COMBINATIONS, ids=IDS)
def service(
    request: pytest.FixtureRequest,
    installed: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    wanted: Combination = request.param
    folder = tmp_path_factory.mktemp("served")
    project = installed(async_mode=wanted.mode, queue=wanted.queue, database=wanted.database)
    env = {"APP_TRANSPORTS": ",".join(wanted.transports), "APP_SERIALIZER": wanted.serializer}
    alone = wanted.mode == "eventlet"
    with redis_url() as url, ExitStack() as stack:
        if wanted.database == "sqlite":
            env["DATABASE_URL"] = f"sqlite:///{folder}/messages.sqlite3"
        if wanted.queue == "redis":
            env |= {"REDIS_URL": url} | ({} if alone else {"WEB_CONCURRENCY": "2"})
        service = stack.enter_context(served(project, folder, env))
        service.transports = wanted.transports
        service.serializer = wanted.serializer
        if wanted.queue == "redis" and alone:
            env["APP_JWT_SECRET"] = service.secret
            service.second = stack.enter_context(served(project, folder, env)).url
        yield service


def bad_tokens(service: Served) -> dict[str, str]:
    now = int(time.time())
    claims = {"sub": "ada", "scope": "chat", "aud": "tests", "iss": "tests", "iat": now}
    good = {**claims, "exp": now + 60}
    return {
        "expired": service.token("ada", exp=now - 1, iat=now - 60),
        "audience": service.token("ada", aud="elsewhere"),
        "issuer": service.token("ada", iss="elsewhere"),
        "algorithm": jwt.encode(good, service.secret * 2, algorithm="HS512"),
        "none": jwt.encode(good, "", algorithm="none"),
        "forged": jwt.encode(good, "x" * 48, algorithm="HS256"),
        "scope": service.token("ada", scope="feed:read"),
    }


CODES = {
    "expired": "token_expired",
    "audience": "token_invalid",
    "issuer": "token_invalid",
    "algorithm": "token_invalid",
    "none": "token_invalid",
    "forged": "token_invalid",
    "scope": "forbidden",
    "missing": "token_missing",
}


def test_the_javascript_client(service: Served, tmp_path: Path) -> None:
    if service.serializer == "msgpack":
        fetch = ["npm", "install", "--silent", "--no-audit", "--prefix", str(tmp_path), PARSER]
        subprocess.run(fetch, check=True, timeout=120)
    tokens = {
        "parser": str(tmp_path) if service.serializer == "msgpack" else None,
        "room": "javascript",
        "second": service.second or service.url,
        "transports": service.transports,
        "ada": service.token("ada"),
        "bob": service.token("bob"),
        "limited": service.token("limited"),
        "bad": bad_tokens(service),
    }
    done = subprocess.run(
        ["node", CLIENT, service.url, json.dumps(tokens)],
        cwd=service.project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + service.output()
    seen = json.loads(done.stdout)

    assert {why: answer["data"]["code"] for why, answer in seen["refused"].items()} == CODES
    assert all(answer["message"] for answer in seen["refused"].values())
    ada, bob = seen["joined"]
    assert (ada["ok"], ada["recovered"], ada["members"]) == (True, False, ["ada"])
    assert bob["members"] == ["ada", "bob"]
    first = ada["offset"]
    assert [(ack["offset"] - first, ack["duplicate"]) for ack in seen["sent"]] == [
        (1, False),
        (2, False),
        (2, True),
        (3, False),
    ]
    assert [offset - first for offset in seen["heard"]] == [1, 2, 3]
    assert seen["invalid"]["error"]["code"] == "invalid_payload"
    assert seen["unknown"]["error"]["code"] == "unknown_event"
    assert seen["recovered"]["recovered"] is True
    assert [m["offset"] - first for m in seen["recovered"]["messages"]] == [3, 4]
    assert seen["transport"] == "websocket"
    limited = seen["limited"]
    assert BURST <= limited["number"] <= BURST + limited["seconds"] / SECONDS_APART
    assert limited["error"]["code"] == "rate_limited"
    assert limited["error"]["retry_after"] > 0


def test_the_python_client(service: Served) -> None:
    for why, token in bad_tokens(service).items():
        refusals: list[Any] = []
        client = client_of(service)
        client.on("connect_error", refusals.append, namespace="/chat")
        with pytest.raises(SocketRefused):
            connect(client, service, token)
        client.disconnect()
        assert refusals[0]["data"] == {"code": CODES[why]}

    messages: list[dict[str, Any]] = []
    client = client_of(service)
    client.on("message", messages.append, namespace="/chat")
    connect(client, service, service.token("eve"))
    try:
        ack = client.call("join", {"room": "python"}, namespace="/chat")
        assert ack["ok"]
        for number in range(1, 4):
            payload = {"room": "python", "text": "x", "id": f"p{number}"}
            assert client.call("message", payload, namespace="/chat")["ok"]
        deadline = time.monotonic() + 5
        while len(messages) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [message["offset"] - ack["offset"] for message in messages] == [1, 2, 3]
    finally:
        client.disconnect()


def test_the_feed(service: Served) -> None:
    """Published at one address, watched at the other, where there are two; and read back."""
    notices: list[dict[str, Any]] = []
    watcher = client_of(service)
    watcher.on("ticks", notices.append, namespace="/feed")
    connect(watcher, service, service.token("eve", "feed:read"), "/feed")
    write = {"Authorization": f"Bearer {service.token('desk', 'feed:write')}"}
    read = {"Authorization": f"Bearer {service.token('eve', 'feed:read')}"}
    address = service.second or service.url

    def publish(*prices: float) -> None:
        ticks = [{"symbol": "WIRE", "price": price} for price in prices]
        answer = httpx.post(f"{address}/api/v1/ticks", json={"ticks": ticks}, headers=write)
        assert (answer.status_code, answer.json()) == (202, {"accepted": len(prices)})

    def watched() -> list[float]:
        return [tick["price"] for notice in list(notices) for tick in notice["ticks"]]

    def recorded() -> list[float]:
        url = f"{service.url}/api/v1/symbols/WIRE/ticks"
        return [tick["price"] for tick in httpx.get(url, headers=read).json()["ticks"]][::-1]

    try:
        publish(0.5)
        ack = watcher.call("subscribe", {"symbols": ["WIRE"]}, namespace="/feed")
        assert [tick["price"] for tick in ack["snapshot"]] == [0.5]
        for number in range(1, 41, 2):
            publish(number, number + 1)
        deadline = time.monotonic() + 10
        while len(watched()) < 40 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert watched() == [float(number) for number in range(1, 41)]
        while recorded()[-40:] != watched():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        stream = f"{service.url}/api/v1/feed/stream?symbols=WIRE"
        with httpx.stream("GET", stream, headers=read, timeout=10) as response:
            lines = response.iter_lines()
            data = next(line for line in lines if line.startswith("data: "))
            assert json.loads(data[6:])["ticks"][0]["price"] == 40
        asked = httpx.get(f"{service.url}/api/v1/quotes?symbols=WIRE", headers=read)
        assert asked.status_code == 404  # APP_QUOTES_URL is not set
    finally:
        watcher.disconnect()


def client_of(service: Served) -> socketio.Client:
    serializer = "msgpack" if service.serializer == "msgpack" else "default"
    return socketio.Client(reconnection=False, serializer=serializer)


def connect(client: socketio.Client, service: Served, token: str, namespace: str = "/chat") -> None:
    client.connect(
        service.url,
        auth={"token": token},
        namespaces=[namespace],
        transports=service.transports,
        wait_timeout=10,
    )


def test_http(service: Served) -> None:
    with httpx.Client(base_url=service.url, timeout=10) as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").status_code == 200
        assert "socketio_connections" in http.get("/metrics").text
        assert http.get("/").status_code == 404  # the console is off in production
        assert http.post("/dev/token", json={"user": "x", "scope": "chat"}).status_code == 404
        assert http.get("/api/openapi.json").json()["openapi"].startswith("3.1")
        assert http.get("/api/asyncapi.json").json()["asyncapi"].startswith("3.")
        assert http.get("/api/docs").headers["content-type"].startswith("text/html")
        history = "/api/v1/rooms/python/messages"
        missing = http.get(history, headers={"X-Request-ID": "from-a-test"})
        assert missing.status_code == 401
        assert missing.headers["content-type"] == "application/problem+json"
        assert missing.json()["request_id"] == missing.headers["x-request-id"] == "from-a-test"
        good = {"Authorization": f"Bearer {service.token('ada')}"}
        assert http.get(history, headers=good).status_code == 200
        refused = http.post("/api/v1/tokens/revoke", json={"jti": "x"}, headers=good)
        assert refused.status_code == 403


def test_polling_is_told_what_to_do(service: Served) -> None:
    answer = httpx.get(f"{service.url}/socket.io/?EIO=4&transport=polling")
    if service.transports == POLLING:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400
        assert 'transports: ["websocket"]' in answer.text


def test_nothing_secret_and_nothing_failed_in_the_log(service: Served) -> None:
    output = service.output()
    assert service.secret not in output
    assert "eyJ" not in output
    assert "Traceback" not in output
    for line in output.splitlines():
        assert json.loads(line)["level"] in ("info", "warning"), line


def test_it_goes_quietly(service: Served) -> None:
    """Last: the service is told to stop with a client connected."""
    client = client_of(service)
    told: list[Any] = []
    ended = threading.Event()
    client.on("server_draining", told.append, namespace="/chat")
    client.on("disconnect", lambda _reason: ended.set(), namespace="/chat")
    connect(client, service, service.token("last"))
    started = time.monotonic()
    service.process.terminate()
    assert service.process.wait(10) == 0
    assert time.monotonic() - started < 7
    assert ended.wait(5)
    assert told
    assert told[0]["retry_in"] > 0
    assert "Traceback" not in service.output()
