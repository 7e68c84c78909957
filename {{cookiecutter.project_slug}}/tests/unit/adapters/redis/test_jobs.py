"""Jobs in Redis: kept for a day, ended once; workers are counted while they live."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.package_name}}.adapters.jobs import broker as module
from {{cookiecutter.package_name}}.adapters.jobs.broker import Heartbeat, make_broker, message
from {{cookiecutter.package_name}}.adapters.jobs.queue import DramatiqQueue
from {{cookiecutter.package_name}}.adapters.jobs.store import RedisJobStore
from {{cookiecutter.package_name}}.adapters.redis.link import RedisLink
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.domain.jobs import KEPT_SECONDS, Job
from {{cookiecutter.package_name}}.job_ports import Change
from {{cookiecutter.package_name}}.runtime.mode import sleep

from ....support.sentinels import watched, watched_by_tls
from ....support.valkey import Valkey
from .conftest import LEFT_BY_HANDSHAKES

JOB = Job(id="j", kind="export", arguments={"symbol": 'Ü"\\'}, user="ada", request_id="r")


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[RedisLink]:
    link = RedisLink(redis_url)
    yield link
    await link.close()


async def test_a_job_through_its_life(link: RedisLink, prefix: str) -> None:
    store = RedisJobStore(link, prefix=prefix)
    assert await store.change("j", Change("running", 0)) is None, "nobody knows it"
    await store.add(JOB)
    assert await store.find("j") == JOB
    running = await store.change("j", Change("running", 40))
    assert running is not None
    assert (running.state, running.progress, running.arguments) == ("running", 40, JOB.arguments)
    assert await store.result("j") is None
    done = await store.change("j", Change("done", 100, result="a,b\r\n1,ü\r\n"))
    assert await store.find("j") == done
    assert await store.result("j") == "a,b\r\n1,ü\r\n"
    for key in (f"{prefix}:job:j", f"{prefix}:job:j:result"):
        assert KEPT_SECONDS - 60 < await link.client.ttl(key) <= KEPT_SECONDS


@pytest.mark.parametrize(
    "end", [Change("done", 100, result="first"), Change("failed", 0, error="why")]
)
async def test_it_ends_once(link: RedisLink, prefix: str, end: Change) -> None:
    store = RedisJobStore(link, prefix=prefix)
    await store.add(JOB)
    ended = await store.change("j", end)
    assert ended is not None
    assert (ended.state, ended.error) == (end.state, end.error)
    for change in (Change("running", 0), Change("done", 100, result="second")):
        assert await store.change("j", change) is None
    assert await store.find("j") == ended
    assert await store.result("j") == end.result


async def test_workers_are_counted_while_they_live(
    link: RedisLink, redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = make_broker(redis_url, prefix=prefix, middleware=[])
    queue = DramatiqQueue(link, broker, prefix=prefix)
    first, second = (Heartbeat(broker, prefix=prefix, worker=name) for name in ("one", "two"))
    assert await queue.workers() == 0
    first.beat()
    second.beat()
    second.beat()
    assert await queue.workers() == 2
    second.leave()
    assert await queue.workers() == 1
    await link.client.zincrby(module.workers_key(prefix), -module.GONE_SECONDS - 2, "one")
    assert await queue.workers() == 0, "it is silent for too long"
    broker.close()


async def test_a_queue_that_does_not_answer_is_said_in_time(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_SECONDS", 0.3)
    link = RedisLink(server.url)
    broker = make_broker(server.url, prefix="p", middleware=[])
    queue: Any = DramatiqQueue(link, broker, prefix="p")
    await queue.put(JOB)
    server.freeze()
    with pytest.raises(Unavailable):
        await queue.put(JOB)
    server.kill()
    with pytest.raises(Unavailable):
        await queue.put(JOB)
    broker.close()
    await link.close()


async def test_a_queue_that_is_closed_leaves_nothing_open(link: RedisLink, redis_url: str) -> None:
    broker = make_broker(redis_url, prefix="p", middleware=[])
    await DramatiqQueue(link, broker, prefix="p").put(JOB)
    name = "queue"
    broker.client.client_setname(name)

    async def open_connections() -> list[str]:
        return [one["name"] for one in await link.client.client_list() if one["name"] == name]

    assert await open_connections() == [name]
    broker.close()
    deadline = time.monotonic() + 5
    while await open_connections():
        assert time.monotonic() < deadline
        await sleep(0.01)


@LEFT_BY_HANDSHAKES
@pytest.mark.usefixtures("collected")
async def test_the_queue_by_tls_to_the_sentinels_and_to_the_primary(
    tmp_path: Path, certificate: Path
) -> None:
    with watched_by_tls(tmp_path / "servers", certificate) as (url, _):
        broker = make_broker(url, prefix="p", middleware=[])
        broker.enqueue(message(JOB.id, JOB.request_id))
        assert broker.client.llen("p:dramatiq:jobs") == 1
        asked: Any = broker.client.connection_pool
        pools = [asked, *(one.connection_pool for one in asked.sentinel_manager.sentinels)]
        opened = [one for pool in pools for one in pool._available_connections]
        assert [one.is_connected for one in opened] == [True, True]
        broker.close()
        assert [one.is_connected for one in opened] == [False, False]


async def test_the_queue_follows_the_primary_that_sentinels_name(tmp_path: Path) -> None:
    with watched(tmp_path) as servers:
        servers.wait_until_replicated()
        link = RedisLink(servers.url)
        broker = make_broker(servers.url, prefix="p", middleware=[])
        queue = DramatiqQueue(link, broker, prefix="p")
        await queue.put(JOB)
        servers.primary.kill()
        deadline = time.monotonic() + 30
        while True:
            try:
                await queue.put(JOB)
                break
            except Unavailable:
                assert time.monotonic() < deadline
                await sleep(0.1)
        assert broker.client.info("replication")["role"] == "master"
        broker.close()
        await link.close()
