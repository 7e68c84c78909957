"""What a worker does while Redis is frozen, gone, full, read-only or closed to it."""

import logging
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisMessageLog, RedisStores
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.domain.policies import Rate
from {{cookiecutter.package_name}}.ports import Appended
from {{cookiecutter.package_name}}.runtime.mode import sleep, together

from ....support.valkey import Valkey
from ....support.waiting import until
from .conftest import OpenWorker

NOW = datetime.now(UTC)
RATE = Rate(limit=1, period=60, burst=5)
DEADLINE = 8.0
"""Seconds within which every call must return: its own deadline, and a slow machine's delay."""


def message_log(stores: RedisStores) -> RedisMessageLog:
    return RedisMessageLog(stores.link, prefix="p", history_size=10)


def backend_up() -> float | None:
    return REGISTRY.get_sample_value("backend_up", {"backend": "redis"})


async def use_everything(stores: RedisStores) -> None:
    """Call every store at once; the message log is refused, the others go on."""
    log = message_log(stores)
    calls = [
        lambda: log.append("lobby", "m1", "ada", "hi", NOW),
        lambda: log.replay("lobby", None, 10),
        lambda: log.before("lobby", None, 10),
        lambda: log.heads(["lobby"]),
        stores.presence.beat,
        stores.check,
        lambda: stores.presence.enter("lobby", "ada", "s1"),
        lambda: stores.presence.members("lobby", 10),
        lambda: stores.presence.leave("lobby", "ada", "s1"),
        lambda: stores.limiter.hit("event", RATE, "ada"),
        lambda: stores.revocations.is_revoked("j1", "ada", NOW),
        lambda: stores.signals.publish("topic", b"data"),
    ]
    results = await together(*calls)
    assert [type(result) for result in results[:6]] == [Unavailable] * 6
    assert not any(isinstance(result, BaseException) for result in results[6:])


async def is_served(stores: RedisStores) -> None:
    await until(lambda: stores.link.up and stores.signals.healthy, seconds=10.0)
    await stores.check()
    await message_log(stores).append("lobby", "m2", "ada", "back", NOW)


async def test_a_frozen_redis_delays_no_call_for_longer_than_its_deadline(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    await message_log(stores).append("lobby", "m1", "ada", "hi", NOW)
    server.freeze()
    try:
        began = time.monotonic()
        await use_everything(stores)
        assert time.monotonic() - began < DEADLINE
        began = time.monotonic()
        for _ in range(100):
            await stores.limiter.hit("event", RATE, "ada")
            with pytest.raises(Unavailable):
                await message_log(stores).replay("lobby", None, 10)
        assert time.monotonic() - began < 1.5, "every call waits for a Redis known to be frozen"
        assert backend_up() == 0
    finally:
        server.thaw()
    await is_served(stores)
    assert backend_up() == 1


async def test_more_calls_than_connections_return_in_time(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    log = message_log(stores)
    server.freeze()
    try:
        began = time.monotonic()
        results = await together(*(lambda: log.before("lobby", None, 1) for _ in range(300)))
        assert time.monotonic() - began < DEADLINE
        assert {type(result) for result in results} == {Unavailable}
    finally:
        server.thaw()
    await is_served(stores)


async def test_a_killed_redis_fails_calls_at_once_and_is_logged_once(
    server: Valkey, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stores = await open_worker(server.url)
    server.kill()
    began = time.monotonic()
    for _ in range(5):
        await use_everything(stores)
    assert time.monotonic() - began < 1.9
    server.start()
    await is_served(stores)
    await stores.limiter.hit("event", RATE, "ada")

    for line in ("Redis does not answer", "Redis answers again", "rate limits hold per worker"):
        assert caplog.text.count(line) == 1
    assert "rate limits hold over all workers" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_limits_hold_for_the_worker_while_redis_is_gone(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    server.kill()
    waits = [await stores.limiter.hit("event", RATE, "ada") for _ in range(20)]
    assert waits.count(0.0) == RATE.burst
    assert all(wait > 0 for wait in waits[RATE.burst :])


async def test_a_worker_starts_before_its_redis(server: Valkey, open_worker: OpenWorker) -> None:
    server.kill()
    began = time.monotonic()
    stores = await open_worker(server.url)
    assert time.monotonic() - began < DEADLINE
    with pytest.raises(Unavailable):
        await stores.check()
    server.start()
    await is_served(stores)


async def test_a_full_redis_refuses_writes_and_says_so(
    server: Valkey, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    stores = await open_worker(server.url)
    log = message_log(stores)
    await log.append("lobby", "m1", "ada", "hi", NOW)
    async with Redis.from_url(server.url) as client:
        await client.config_set("maxmemory", 1)
        for _ in range(3):
            with pytest.raises(Unavailable):
                await log.append("lobby", "m2", "ada", "hi", NOW)
        await client.config_set("maxmemory", 0)
    assert caplog.text.count("Redis refuses a command") == 1
    assert "OutOfMemoryError" in caplog.text
    assert (await log.append("lobby", "m2", "ada", "hi", NOW)).message.offset == 2


async def test_a_replica_is_left_as_soon_as_it_is_one_no_more(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    log = message_log(stores)
    async with Redis.from_url(server.url) as client:
        await client.replicaof("127.0.0.1", "1")
        with pytest.raises(Unavailable):
            await log.append("lobby", "m1", "ada", "hi", NOW)
        await client.replicaof("NO", "ONE")
    await is_served(stores)


async def test_a_wrong_password_is_unavailable_and_not_shown(
    tmp_path: Path, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = Valkey(tmp_path / "locked", "--requirepass", "right-one")
    server.start()
    try:
        url = server.url.replace("redis://", "redis://:wrong-one@")
        stores = await open_worker(url)
        await use_everything(stores)
        assert "wrong-one" not in caplog.text
        right = await open_worker(url.replace("wrong", "right"))
        await is_served(right)
    finally:
        server.kill()


async def test_a_slow_call_among_answered_ones_is_no_outage(stores: RedisStores) -> None:
    async def slow() -> None:
        await sleep(60)

    async def quick() -> None:
        for _ in range(30):
            await stores.link.ping()
            await sleep(0.1)

    results = await together(lambda: stores.link.call(slow), quick)
    assert [type(result) for result in results] == [Unavailable, type(None)]
    assert stores.link.up


async def test_a_burst_beyond_the_pool_is_served(stores: RedisStores, prefix: str) -> None:
    log = RedisMessageLog(stores.link, prefix=prefix, history_size=2000)
    results = await together(
        *(partial(log.append, "lobby", f"m{number}", "ada", "hi", NOW) for number in range(100))
    )
    appended = [result for result in results if isinstance(result, Appended)]
    assert sorted(one.message.offset for one in appended) == list(range(1, 101))
    assert stores.link.up


async def test_a_worker_that_does_not_hear_the_others_is_not_ready(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stores.check()
    monkeypatch.setattr(stores.signals, "healthy", False)
    with pytest.raises(Unavailable):
        await stores.check()
