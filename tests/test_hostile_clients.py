"""What only attackers and broken clients send: it is answered or hung up on, and others live."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket as sockets
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import websockets.sync.client as ws
from baking import CHOICES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import Served, served
from websockets.exceptions import ConnectionClosed, WebSocketException

pytestmark = pytest.mark.slow

NDJSON = Path(__file__).parent / "clients/ndjson.py"
PATH = "/socket.io/?EIO=4&transport=websocket"
FRAMES = 60
"""Examples of each kind and mode; more by hand: pytest --hypothesis-seed=…"""
GENEROUS = {f"APP_RATE_{name}": "100000/1s" for name in ("HANDSHAKE", "EVENTS", "MESSAGE", "HTTP")}

many = settings(
    max_examples=FRAMES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


EVERY_SCOPE = "chat admin feed:read feed:write"


@pytest.fixture(scope="module", params=CHOICES["async_mode"])
def service(
    request: pytest.FixtureRequest,
    installed: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    project = installed(async_mode=request.param, queue="none", database="none")
    folder = tmp_path_factory.mktemp("hostile")
    with served(
        project,
        folder,
        {**GENEROUS, "APP_MAX_CONNECTIONS_PER_IP": "1000", "APP_MAX_CONNECTIONS_PER_USER": "200"},
    ) as service:
        yield service


@contextlib.contextmanager
def connection(service: Served) -> Iterator[ws.ClientConnection]:
    url = service.url.replace("http", "ws") + PATH
    with ws.connect(url, open_timeout=10, close_timeout=1, max_size=None) as socket:
        socket.recv(timeout=5)
        yield socket


@contextlib.contextmanager
def member(service: Served, user: str = "mallory") -> Iterator[ws.ClientConnection]:
    """A client that was let in."""
    with connection(service) as socket:
        socket.send("40/chat," + json.dumps({"token": service.token(user)}))
        assert str(socket.recv(timeout=5)).startswith("40/chat")
        yield socket


def is_well(service: Served) -> None:
    """Others are served, and nothing was logged that an operator would have to look at."""
    with member(service, "witness") as socket:
        socket.send('42/chat,7["join",{"room":"witness"}]')
        while not (answer := str(socket.recv(timeout=5))).startswith("43/chat,7"):
            pass
        assert '"ok":true' in answer
    output = service.output()
    assert "Traceback" not in output, output[-3000:]
    assert '"level":"error"' not in output, output[-3000:]
    assert "eyJ" not in output


def drain(socket: ws.ClientConnection, seconds: float = 0.05) -> None:
    with contextlib.suppress(ConnectionClosed, TimeoutError):
        while True:
            socket.recv(timeout=seconds)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5)
    ),
    max_leaves=20,
)
events = st.sampled_from(
    ["join", "leave", "message", "token_refresh", "connect", "disconnect", "*"]
)
names = st.sampled_from(["__proto__", "constructor", "room", "since", "toString", "id", "text"])
rooms = st.sampled_from(
    ["*", "a*", "../a", "a b", "A", "", "a" * 65, "a\n", "\u202ea", "a:b", "{a}"]
)
payloads = (
    json_values | st.dictionaries(names, json_values) | st.builds(lambda r: {"room": r}, rooms)
)


@many
@given(
    event=events | st.text(max_size=30), payload=payloads, ack=st.integers(0, 10**30) | st.none()
)
def test_events_with_any_payload(
    service: Served, event: str, payload: Any, ack: int | None
) -> None:
    with contextlib.suppress(WebSocketException, TimeoutError), member(service) as socket:
        number = "" if ack is None else str(ack)
        socket.send(f"42/chat,{number}" + json.dumps([event, payload]))
        drain(socket)


@many
@given(
    frame=st.text(max_size=200)
    | st.builds(
        "".join,
        st.lists(
            st.sampled_from([*"0123456", "/chat,", "[", "]", '"', "{", "}", "-", ",", "\u0000"]),
            max_size=12,
        ),
    )
)
def test_frames_of_any_text(service: Served, frame: str) -> None:
    with contextlib.suppress(WebSocketException, TimeoutError), member(service) as socket:
        socket.send(frame)
        drain(socket)


@many
@given(frame=st.binary(max_size=300))
def test_frames_of_any_bytes(service: Served, frame: bytes) -> None:
    with contextlib.suppress(WebSocketException, TimeoutError), member(service) as socket:
        socket.send(frame)
        drain(socket)


@many
@given(auth=json_values)
def test_any_auth_payload(service: Served, auth: Any) -> None:
    with contextlib.suppress(WebSocketException, TimeoutError), connection(service) as socket:
        socket.send("40/chat," + json.dumps(auth))
        drain(socket)


FIXED = {
    "deep JSON": '42/chat,1["join",' + "[" * 30000 + "]" * 30000 + "]",
    "huge ack id": "42/chat," + "9" * 5000 + '["join",{}]',
    "many attachments": '459999-/chat,1["join",{"_placeholder":true,"num":0}]',
    "attachment out of range": '451-/chat,1["join",{"_placeholder":true,"num":99}]',
    "negative attachment": '451-/chat,1["join",{"_placeholder":true,"num":-1}]',
    "unknown packet": "49/chat,",
    "ack of nothing": "43/chat,12[]",
    "long namespace": "40/" + "n" * 100_000 + ",",
    "connect twice": "40/chat,{}",
    "NUL in a name": '42/chat,1["jo\u0000in",{"room":"a"}]',
    "surrogates": '42/chat,1["message",{"room":"a","text":"\\ud800","id":"1"}]',
    "no array": '42/chat,1{"a":1}',
    "event is a number": "42/chat,1[1,2]",
    "nothing": "42/chat,1[]",
    "NaN": '42/chat,1["join",{"room":NaN}]',
    "big number": '42/chat,1["join",{"room":1e999999}]',
}


@pytest.mark.parametrize("name", FIXED)
def test_known_attacks(service: Served, name: str) -> None:
    with contextlib.suppress(WebSocketException, TimeoutError), member(service) as socket:
        socket.send(FIXED[name])
        drain(socket, 0.3)
    is_well(service)


def tokens(service: Served) -> dict[str, str]:
    now = int(time.time())
    good = {
        "sub": "m",
        "scope": "chat",
        "aud": "tests",
        "iss": "tests",
        "iat": now,
        "exp": now + 60,
    }
    head, body, signature = service.token("m").split(".")
    return {
        "none": jwt.encode(good, "", algorithm="none"),
        "no signature": f"{head}.{body}.",
        "changed": f"{head}.{body[:-4]}AAAA.{signature}",
        "kid with a path": jwt.encode(good, "x" * 40, headers={"kid": "../../etc/passwd"}),
        "kid is a list": jwt.encode(good, "x" * 40, headers={"kid": "' OR 1=1 --"}),
        "jku": jwt.encode(good, "x" * 40, headers={"jku": "http://127.0.0.1:1/keys"}),
        "from the future": service.token("m", iat=now + 3600),
        "not yet": service.token("m", nbf=now + 3600),
        "exp is a text": service.token("m", exp="tomorrow"),
        "exp is huge": service.token("m", exp=10**400),
        "sub is a number": service.token("m", sub=1),
        "sub is empty": service.token("m", sub=""),
        "sub is long": service.token("m", sub="s" * 5000),
        "aud is a dict": service.token("m", aud={"a": 1}),
        "not one": "a.b.c",
        "empty": "",
        "long": "x" * 20_000,
        "spaces": " ".join(string.ascii_letters),
    }


def test_tokens_that_are_none(service: Served) -> None:
    for name, token in tokens(service).items():
        with connection(service) as socket:
            socket.send("40/chat," + json.dumps({"token": token}))
            answer = str(socket.recv(timeout=5))
            assert answer.startswith("44/chat,"), name
            code = json.loads(answer.removeprefix("44/chat,"))["data"]["code"]
            assert code in ("token_invalid", "token_missing"), name
        answer_http = httpx.get(
            f"{service.url}/api/v1/rooms/a/messages",
            headers=[(b"Authorization", b"Bearer " + (token.encode() or b"x"))],
        )
        assert answer_http.status_code in (400, 401, 431), name
    is_well(service)


def test_a_thousand_half_open_connections(service: Served) -> None:
    """Connections that never say CONNECT, and requests that never end, are not kept."""
    raw = []
    host, port = service.url.removeprefix("http://").split(":")
    for _ in range(200):
        one = sockets.create_connection((host, int(port)), timeout=5)
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + secrets.token_hex(4).encode())
        raw.append(one)
    is_well(service)
    for one in raw:
        one.close()


def test_the_http_api_is_as_it_is_described(service: Served, tmp_path: Path) -> None:
    """Requests made from the OpenAPI document, and such as it does not allow."""
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_headers_conformance,response_schema_conformance"
    )
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            *("run", f"{service.url}/api/openapi.json", "--checks", checks),
            *("--max-examples", str(FRAMES // 3), "--seed", "1", "--request-timeout", "3"),
            *("-H", f"Authorization: Bearer {service.token('ada', EVERY_SCOPE)}"),
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(NDJSON)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Tested: 9" in done.stdout


def test_the_service_is_well_after_all(service: Served) -> None:
    is_well(service)
    metrics = httpx.get(f"{service.url}/metrics").text
    deadline = time.monotonic() + 10
    while 'socketio_connections{nsp="/chat"} 0.0' not in metrics:
        assert time.monotonic() < deadline, metrics
        time.sleep(0.1)
        metrics = httpx.get(f"{service.url}/metrics").text
