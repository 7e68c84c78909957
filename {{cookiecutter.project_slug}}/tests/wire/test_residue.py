"""After any storm of connects, kicks and crashes nothing of them is left (guarantee G12)."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from {{cookiecutter.package_name}}.settings import PACKAGE

from ..support import tables
from ..support.service import Service, running_service
from ..support.waiting import eventually

ROUNDS = 40
FIRST = 10
"""Rounds after which memory is measured for the first time: caches are full by then."""
GROWTH = 8_000_000
"""Bytes that a worker may have grown by in all other rounds."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    given = [os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    path = [str(Path(tables.__file__).parent), *given]
    environ = {
        "PYTHONPATH": os.pathsep.join(path),
        "TABLES": str(tmp_path / "tables"),
        "SERVER": "gunicorn" if find_spec(f"{PACKAGE}.runtime.worker") else "",
        "APP_MAX_CONNECTIONS_PER_USER": "50",
    }
    with running_service(environ) as service:
        yield service


@contextmanager
def opened(service: Service) -> Iterator[ClientConnection]:
    url = service.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    with connect_websocket(url, close_timeout=0.2, ping_interval=None) as socket:
        socket.recv(timeout=5)
        yield socket


@contextmanager
def member(service: Service, user: str) -> Iterator[ClientConnection]:
    with opened(service) as socket:
        socket.send("40/chat," + json.dumps({"token": service.token(user)}))
        assert str(socket.recv(timeout=5)).startswith("40")
        socket.send('42/chat,1["join",{"room":"churn"}]')
        while not str(socket.recv(timeout=5)).startswith("43"):
            pass
        yield socket


def subscribes_and_vanishes(service: Service) -> None:
    with opened(service) as socket:
        socket.send("40/feed," + json.dumps({"token": service.token("kim", "feed:read")}))
        assert str(socket.recv(timeout=5)).startswith("40")
        socket.send('42/feed,1["subscribe",{"symbols":["ACME","BOLT"]}]')
        assert str(socket.recv(timeout=5)).startswith("43")
        socket.send('42/feed,2["unsubscribe",{"symbols":["BOLT"]}]')
        socket.socket.close()


def leaves_an_event_stream(service: Service) -> None:
    bearer = {"Authorization": f"Bearer {service.token('lee', 'feed:read')}"}
    url = f"{service.url}/api/v1/feed/stream?symbols=ACME"
    with httpx.stream("GET", url, headers=bearer) as response:
        assert response.status_code == 200
    httpx.post(  # what is written to it shows that it is gone
        f"{service.url}/api/v1/ticks",
        json={"ticks": [{"symbol": "ACME", "price": 1}]},
        headers={"Authorization": f"Bearer {service.token('desk', 'feed:write')}"},
    ).raise_for_status()


def leaves(service: Service) -> None:
    with member(service, "ada") as socket:
        socket.send('42/chat,2["leave",{"room":"churn"}]')
        socket.send("41/chat,")


def vanishes(service: Service) -> None:
    with member(service, "bob") as socket:
        socket.socket.close()


def vanishes_in_the_handshake(service: Service) -> None:
    with opened(service) as socket:
        socket.send("40/chat," + json.dumps({"token": service.token("eve")}))
        socket.socket.close()


def vanishes_while_it_is_answered(service: Service) -> None:
    with member(service, "dan") as socket:
        for number in range(20):
            socket.send(f'42/chat,{number}["join",{{"room":"churn-{number}"}}]')
        socket.socket.close()


def is_refused(service: Service) -> None:
    with opened(service) as socket:
        socket.send('40/chat,{"token":"wrong"}')
        assert str(socket.recv(timeout=5)).startswith("44")


def says_nothing(service: Service) -> None:
    with opened(service) as socket, suppress(TimeoutError):
        socket.recv(timeout=0.01)


def sends_nonsense(service: Service) -> None:
    with member(service, "mallory") as socket:
        socket.send('452-/chat,1["join",{"_placeholder":true,"num":0}]')
        socket.send(b"half of it")
        socket.send('42/chat,1["jo')


def is_kicked(service: Service) -> None:
    with member(service, "carol"):
        httpx.post(
            f"{service.url}/api/v1/tokens/revoke",
            json={"sub": "carol"},
            headers={"Authorization": f"Bearer {service.token('root', 'admin')}"},
        ).raise_for_status()


COMERS: list[Callable[[Service], None]] = [
    subscribes_and_vanishes,
    leaves_an_event_stream,
    leaves,
    vanishes,
    vanishes_in_the_handshake,
    vanishes_while_it_is_answered,
    is_refused,
    says_nothing,
    sends_nonsense,
    is_kicked,
]


def left_over(service: Service) -> dict[str, int]:
    """The tables that are not empty. From the first call on the worker looks into them."""
    tables = Path(service.env["TABLES"])
    tables.with_suffix(".wanted").touch()
    eventually(tables.exists)
    found: dict[str, int] = json.loads(tables.read_text())
    assert len(found) > 12, found
    return {name: size for name, size in found.items() if size}


def resident(service: Service) -> int:
    """Bytes of memory of the process that serves."""
    children = subprocess.run(
        ["pgrep", "-P", str(service.process.pid)], capture_output=True, text=True, check=False
    )
    pid = (children.stdout.split() or [str(service.process.pid)])[0]
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_nothing_is_left_of_those_who_were_there(service: Service) -> None:
    sizes = []
    for number in range(ROUNDS):
        for comes in COMERS:
            with suppress(WebSocketException, OSError):
                comes(service)
        if number in (FIRST, ROUNDS - 1):
            sizes.append(resident(service))
    deadline = time.monotonic() + 20
    while left_over(service) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_over(service) == {}
    assert sizes[1] - sizes[0] < GROWTH
    assert "Traceback" not in service.output()
    assert '"level":"error"' not in service.output()
