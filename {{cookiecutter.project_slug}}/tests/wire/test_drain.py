"""Leaving in order (guarantee G10): unready, notice to every client, close, exit in time."""

import time

import httpx
import msgspec

from ..support.client import Refused, connect
from ..support.service import Service, running_service
from ..support.waiting import eventually

CLIENTS = 20
SECONDS = 8.0


def levels(service: Service) -> set[str]:
    return {msgspec.json.decode(line)["level"] for line in service.output().splitlines()}


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


def test_while_draining_it_is_not_ready_and_lets_nobody_in() -> None:
    with running_service({"APP_DRAIN_SECONDS": str(SECONDS)}) as service:
        # enough sockets that closing them takes a while
        clients = [connect(service.url, service.token(f"user-{n}")) for n in range(CLIENTS)]
        assert httpx.get(f"{service.url}/readyz").is_success
        service.process.terminate()
        clients[0].next("server_draining")
        refused = 0
        while service.process.poll() is None:
            try:
                assert httpx.get(f"{service.url}/readyz").status_code == 503
                connect(service.url, service.token("late"))
            except Refused as error:
                refused += error.data.get("code") == "draining"
            except httpx.HTTPError:
                break
        for client in clients:
            client.close()
        assert refused
        eventually(lambda: service.process.poll() is not None, 20)
        assert "Traceback" not in service.output()
