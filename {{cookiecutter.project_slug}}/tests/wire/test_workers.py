"""Two workers over Redis behave as one service, also when one of them dies or Redis does."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from ..support.client import Client, Refused, connect, joined
from ..support.service import Service, running_service
from ..support.valkey import Valkey
from ..support.waiting import eventually

WORKERS = 2
MOST = 150
"""Clients until each worker has one; an address may have 200 with one worker."""


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def service(valkey: Valkey) -> Iterator[Service]:
    with running_service({"REDIS_URL": valkey.url, "WEB_CONCURRENCY": "2"}) as service:
        yield service


def workers(service: Service) -> list[int]:
    master = service.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(pid) for pid in children]


def sockets(pid: int) -> int:
    """How many sockets a process has open."""
    count = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(descriptor).startswith("socket:")
        except FileNotFoundError:
            continue
    return count


def everywhere(service: Service, stack: ExitStack, room: str) -> dict[int, Client]:
    """A client of each worker, by the worker's pid, all in `room`."""
    found: dict[int, Client] = {}
    for number in range(MOST):
        before = {pid: sockets(pid) for pid in workers(service)}
        token = service.token(f"user{number}")
        client = stack.enter_context(joined(service.url, token, room))
        grown = [pid for pid, count in before.items() if sockets(pid) > count]
        if len(grown) == 1:
            found.setdefault(grown[0], client)
        if len(found) == WORKERS:
            return found
        if number >= 30:
            time.sleep(0.2)  # the other may still be starting
    raise AssertionError("all clients went to the same worker")


def say(client: Client, room: str, number: int) -> dict[str, Any]:
    return client.call("message", {"room": room, "text": "x", "id": f"m{number}"})


def offsets(messages: list[dict[str, Any]]) -> list[int]:
    return [message["offset"] for message in messages]


def test_messages_and_presence_reach_every_worker(service: Service, room: str) -> None:
    with ExitStack() as stack:
        one, other = everywhere(service, stack, room).values()
        for number in range(20):
            assert say(one if number % 2 else other, room, number)["ok"]
        for client in (one, other):
            messages = client.all("message", until=lambda found: len(found) >= 20)
            assert offsets(messages) == list(range(1, 21))
        with joined(service.url, service.token("late"), room):
            for client in (one, other):
                assert client.next("presence")["joined"]


def test_the_same_id_on_another_worker_is_the_same_message(service: Service, room: str) -> None:
    with ExitStack() as stack:
        everywhere(service, stack, room)
        acks = []
        for _ in range(10):
            with joined(service.url, service.token("ada"), room) as client:
                acks.append(say(client, room, 1))
        assert {ack["offset"] for ack in acks} == {1}
        assert [ack["duplicate"] for ack in acks] == [False] + [True] * 9


def test_limits_hold_over_all_workers(valkey: Valkey, room: str) -> None:
    env = {
        "REDIS_URL": valkey.url,
        "WEB_CONCURRENCY": "2",
        "APP_RATE_MESSAGE": "10/600s:10",
    }
    with running_service(env) as service, ExitStack() as stack:
        everywhere(service, stack, room)
        admitted = 0
        user = f"limited-{room}"
        for _ in range(10):
            with joined(service.url, service.token(user), room) as client:
                admitted += sum(say(client, room, number)["ok"] for number in range(3))
        assert admitted == 10


def test_a_revocation_reaches_every_worker(service: Service, room: str) -> None:
    token = service.token("victim")
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    admin = {"Authorization": f"Bearer {service.token('root', scope='admin')}"}
    with ExitStack() as stack:
        everywhere(service, stack, room)
        victims = [stack.enter_context(connect(service.url, token)) for _ in range(10)]
        url = f"{service.url}/api/v1/tokens/revoke"
        assert httpx.post(url, json={"jti": jti}, headers=admin).is_success
        for victim in victims:
            victim.wait_end(timeout=5)
    for _ in range(5):
        with pytest.raises(Refused) as refused:
            connect(service.url, token)
        assert refused.value.data == {"code": "token_revoked"}


def test_a_killed_worker_costs_its_clients_only_a_reconnect(service: Service, room: str) -> None:
    with ExitStack() as stack:
        by_pid = everywhere(service, stack, room)
        (victim, lost), (_, kept) = by_pid.items()
        ack = say(lost, room, 1)
        seen = lost.next("message")
        os.kill(victim, signal.SIGKILL)
        lost.wait_end()
        assert say(kept, room, 2)["offset"] == 2
        again = stack.enter_context(connect(service.url, service.token("back")))
        since = {"epoch": seen["epoch"], "offset": ack["offset"]}
        back = again.call("join", {"room": room, "since": since})
        assert back["recovered"] is True
        assert offsets(back["messages"]) == [2]
        # Those who were with it and did not come back are taken off the list in time.
        deadline = time.monotonic() + 40
        left: set[str] = set()
        while time.monotonic() < deadline and not left:
            left.update(*(notice["left"] for notice in kept.all("presence", quiet=1)))
        assert left


def are_replaced(service: Service, before: set[int]) -> bool:
    return not before & {*workers(service)}


def test_a_rolling_restart_loses_nothing(valkey: Valkey, room: str) -> None:
    env = {"REDIS_URL": valkey.url, "WEB_CONCURRENCY": "2"}
    with running_service(env) as service, ExitStack() as stack:
        clients = everywhere(service, stack, room)
        one = next(iter(clients.values()))
        for turn in (1, 2):  # the second comes from workers that came by the first
            before = {*workers(service)}
            ack = say(one, room, turn)
            assert ack["ok"]
            service.process.send_signal(signal.SIGHUP)
            assert one.next("server_draining")["retry_in"] > 0
            one.wait_end(timeout=15)
            eventually(partial(are_replaced, service, before), 20)
            assert len(workers(service)) == 2
            one = stack.enter_context(joined(service.url, service.token(f"{turn}"), room))
            position = one.call("join", {"room": room})
            assert position["offset"] == ack["offset"]
            assert offsets(position["messages"]) == list(range(1, turn + 1))
            assert "socketio_connections" in httpx.get(f"{service.url}/metrics").text
        assert service.process.poll() is None
        assert "Traceback" not in service.output()
        assert '"level":"error"' not in service.output()


def test_redis_gone_and_back(service: Service, valkey: Valkey, room: str) -> None:
    ready = f"{service.url}/readyz"
    with joined(service.url, service.token("ada"), room) as client:
        assert say(client, room, 1)["ok"]
        valkey.kill()
        started = time.monotonic()
        ack = say(client, room, 2)
        assert time.monotonic() - started < 8
        if not ack["ok"]:  # the messages are in Redis too
            assert ack["error"]["code"] == "overloaded"
            assert ack["error"]["retry_after"] > 0
        answer = httpx.get(ready, timeout=10)
        assert answer.status_code == 503
        assert "redis" in answer.text
        assert httpx.get(f"{service.url}/healthz").status_code == 200

        valkey.start()
        deadline = time.monotonic() + 15
        while not say(client, room, 2)["ok"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        messages = client.all("message", until=lambda found: len(found) >= 2)
        assert offsets(messages) == [1, 2]
        while httpx.get(ready, timeout=10).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert "Traceback" not in service.output()
