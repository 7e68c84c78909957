"""Publishing from other processes through Redis, and by one worker of several."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.publisher import open_publisher
from {{cookiecutter.package_name}}.settings import load_settings

from ..support.client import Client, connect
from ..support.service import Service, running_service
from ..support.valkey import Valkey
from ..support.waiting import eventually
from .test_feed import prices

MARKET = ["ACME", "BOLT", "CRUX", "DUNE", "ECHO"]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


def watcher(service: Service) -> Client:
    return connect(service.url, service.token("eve", "feed:read"), "/feed")


async def test_a_script_publishes_without_a_server(valkey: Valkey) -> None:
    env = {"REDIS_URL": valkey.url}
    with ExitStack() as stack:
        services = [stack.enter_context(running_service(env)) for _ in range(2)]
        watchers = [stack.enter_context(watcher(service)) for service in services]
        for one in watchers:
            assert one.call("subscribe", {"symbols": ["NOTE"]})["ok"]
        settings = load_settings({"APP_ENV": "test", "APP_JWT_SECRET": services[0].secret, **env})
        async with open_publisher(settings) as publisher:
            for number in range(100):
                await publisher.publish([Tick("NOTE", number, datetime.now(UTC))])
        for one in watchers:
            notices = one.all("ticks", until=lambda found: len(prices(found, "NOTE")) >= 100)
            assert prices(notices, "NOTE") == list(range(100))


def moments(client: Client, seconds: float) -> list[str]:
    """When the market was read, from what a client is sent in some seconds."""
    deadline = time.monotonic() + seconds
    seen = []
    while time.monotonic() < deadline:
        for tick in client.next("ticks", timeout=15)["ticks"]:
            seen.append(tick["at"])
    return sorted(set(seen))


def test_one_worker_publishes_and_another_takes_over(valkey: Valkey) -> None:
    env = {"REDIS_URL": valkey.url, "APP_FEED": "simulated"}
    with running_service(env) as first, running_service(env) as second:
        [publishing] = [one for one in (first, second) if _publishes(one)]
        other = second if publishing is first else first
        with watcher(other) as client:
            client.call("subscribe", {"symbols": MARKET})
            # read twice a second; by two it would be four times
            assert 3 <= len(moments(client, 3.0)) <= 8
            for pid in (*_children(publishing.process.pid), publishing.process.pid):
                os.kill(pid, signal.SIGKILL)
            publishing.process.wait()
            eventually(lambda: _publishes(other), 15)
            assert moments(client, 2.0)


def _publishes(service: Service) -> bool:
    lines = [json.loads(line) for line in service.output().splitlines() if line[:1] == "{"]
    return any(line.get("event") == "this worker publishes the feed" for line in lines)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
