"""Where polling is allowed, a request that makes no sense ends its session, and nothing else."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from ..support import raw_http
from ..support.service import Service, running_service

NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "a letter": b"x",
    "no packet type": b"\xc3\xa4",
    "not UTF-8": b"4\xff\xfe",
    "a packet type there is none": b"9",
    "half a message": b'42/chat,1["join",{"room":',
    "bad base64": b"bA",
    "JSONP without data": b"d=",
    "too many packets": b"\x1e".join([b"3"] * 40),
    "a deep nest": b"42" + b"[" * 30_000,
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service({"APP_TRANSPORTS": "polling,websocket"}) as service:
        yield service


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{service.url}/socket.io/", timeout=10) as client:
        yield client


def opened(http: httpx.Client) -> dict[str, str]:
    """The query of a new session."""
    session = {"EIO": "4", "transport": "polling"}
    return session | {"sid": http.get("", params=session).text.split('"sid":"')[1].split('"')[0]}


def joins(http: httpx.Client, token: str) -> bool:
    """Whether a client gets in and into a room."""
    session = opened(http)
    http.post("", params=session, content="40/chat," + json.dumps({"token": token}))
    assert "40/chat," in http.get("", params=session).text
    http.post("", params=session, content='42/chat,1["join",{"room":"lobby"}]')
    return '"ok":true' in http.get("", params=session).text


@pytest.mark.parametrize("body", ["", "4"], ids=["before", "within"])
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "closed"])
def test_a_client_may_leave_as_it_sends(
    service: Service, http: httpx.Client, body: str, lost: bool
) -> None:
    session = opened(http)
    head = f"POST /socket.io/?{urlencode(session)} HTTP/1.1\r\nHost: here\r\nContent-Length: 10"
    with raw_http.connect(service.url, f"{head}\r\n\r\n{body}") as client:
        time.sleep(0.1)  # until it is waited for
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", lost, 0))
    assert joins(http, service.token())
    assert "Traceback" not in service.output()
    assert '"level":"error"' not in service.output()


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_ends_its_session(service: Service, http: httpx.Client, case: str) -> None:
    before = len(service.output())
    session = opened(http)
    http.post("", params=session, content=NONSENSE[case])
    assert '"level":"error"' not in service.output()[before:]
    if case != "nothing":
        assert http.post("", params=session, content="3").status_code == 400
    assert "Traceback" not in service.output()
    assert joins(http, service.token())
