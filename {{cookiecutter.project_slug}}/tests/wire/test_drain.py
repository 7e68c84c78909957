"""Leaving in order (guarantee G10): unready, notice to every client, close, exit in time."""

import json
import time
from contextlib import ExitStack, suppress

import httpx
import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from ..support.client import connect
from ..support.service import Service, running_service
from ..support.waiting import eventually

CLIENTS = 20
WAITING = 150
"""Connections of those who come late: closing so many takes more than a second."""
SECONDS = 8.0


def levels(service: Service) -> set[str]:
    return {msgspec.json.decode(line)["level"] for line in service.output().splitlines()}


def answered(socket: ClientConnection) -> list[str]:
    """What comes on a socket from Socket.IO until it is closed."""
    frames = []
    with suppress(ConnectionClosed):
        while True:
            frames.append(str(socket.recv(timeout=30)))
    return [frame for frame in frames if frame.startswith("4")]


def test_clients_are_told_when_to_return_and_then_let_go() -> None:
    with running_service({"APP_DRAIN_SECONDS": str(SECONDS)}) as service:
        clients = [connect(service.url, service.token(f"user-{n}")) for n in range(CLIENTS)]
        began = time.monotonic()
        service.process.terminate()
        delays = [client.next("server_draining")["retry_in"] for client in clients]
        for client in clients:
            client.wait_end()
        assert service.process.wait(30) == 0
        assert time.monotonic() - began < SECONDS
        assert len(set(delays)) > CLIENTS / 2, "they would all come back at once"
        assert all(0 < delay < SECONDS for delay in delays)
        for client in clients:
            client.close()
        assert "Traceback" not in service.output()
        assert levels(service) <= {"info"}


def test_who_stays_connected_and_asks_for_nothing_is_no_failure() -> None:
    with running_service() as service, httpx.Client() as idle:
        assert idle.get(f"{service.url}/healthz").is_success
        assert service.terminate() == 0
        assert "Traceback" not in service.output()
        assert "error" not in levels(service)


def test_while_draining_it_is_not_ready_and_lets_nobody_in() -> None:
    env = {"APP_DRAIN_SECONDS": str(SECONDS), "APP_CONNECT_TIMEOUT": "60"}
    with (
        running_service(env) as service,
        httpx.Client(headers={"Connection": "close"}) as http,
        ExitStack() as stack,
    ):
        url = f"{service.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
        # open already, as there is time for little more than a message each
        waiting = [stack.enter_context(connect_websocket(url)) for _ in range(WAITING)]
        client = stack.enter_context(connect(service.url, service.token()))
        assert http.get(f"{service.url}/readyz").is_success
        service.process.terminate()
        client.next("server_draining")
        for socket in waiting:
            with suppress(ConnectionClosed):
                socket.send("40/chat," + json.dumps({"token": service.token("late")}))
        assert http.get(f"{service.url}/readyz").status_code == 503
        answers = [answer for socket in waiting for answer in answered(socket)]
        assert answers
        assert all(a.startswith("44/chat,") and '"draining"' in a for a in answers), answers
        eventually(lambda: service.process.poll() is not None, 20)
        assert "Traceback" not in service.output()
