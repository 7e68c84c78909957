"""Signals between workers."""

import threading

import msgspec
import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.adapters.redis import signals as module
from {{cookiecutter.package_name}}.runtime.mode import sleep

from ....support.valkey import Valkey
from ....support.waiting import until
from .conftest import OpenWorker


class Inbox(list[bytes]):
    """A handler that keeps what it was called with."""

    async def receive(self, data: bytes) -> None:
        self.append(data)

    async def note(self) -> None:
        self.append(b"reconnected")


async def test_signals_reach_all_other_workers_in_order(
    stores: RedisStores, others: RedisStores
) -> None:
    own, here, elsewhere = Inbox(), Inbox(), Inbox()
    stores.signals.subscribe("topic", own.receive)
    others.signals.subscribe("topic", here.receive)
    others.signals.subscribe("another", elsewhere.receive)
    sent = [b"%d:\x00\xff:" % number for number in range(2000)]
    for data in sent:
        await stores.signals.publish("topic", data)

    await until(lambda: len(here) == len(sent))
    assert here == sent
    assert own == elsewhere == []


async def test_no_thread_outlives_its_worker(open_worker: OpenWorker, redis_url: str) -> None:
    """Also where one waits in its socket."""
    before = threading.enumerate()
    worker = await open_worker(redis_url)
    await sleep(0.2)
    await worker.signals.close()
    assert threading.enumerate() == before


async def test_a_slow_topic_does_not_hold_up_another(
    stores: RedisStores, others: RedisStores
) -> None:
    async def slow(data: bytes) -> None:
        await sleep(3.0)

    quick = Inbox()
    others.signals.subscribe("slow", slow)
    others.signals.subscribe("quick", quick.receive)
    for _ in range(5):
        await stores.signals.publish("slow", b"")
    await stores.signals.publish("quick", b"now")
    await until(lambda: quick == [b"now"], seconds=2.5)


async def test_a_handler_that_fails_or_hangs_is_followed_by_a_catch_up(
    stores: RedisStores, others: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HANDLER_SECONDS", 0.1)
    handled, caught_up = Inbox(), Inbox()

    async def handler(data: bytes) -> None:
        if data == b"raise":
            raise ValueError("a bad day")
        if data == b"hang":
            await sleep(60)
        await handled.receive(data)

    others.signals.subscribe("topic", handler)
    others.signals.on_reconnect(caught_up.note)
    for data in (b"1", b"raise", b"2", b"hang", b"3"):
        await stores.signals.publish("topic", data)
    await until(lambda: handled == [b"1", b"2", b"3"])
    await until(lambda: len(caught_up) >= 1)


async def test_what_does_not_fit_is_dropped_and_followed_by_a_catch_up(
    stores: RedisStores, others: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAILBOX_BYTES", 20_000)
    received, caught_up = Inbox(), Inbox()

    async def handler(data: bytes) -> None:
        await sleep(0.02)
        await received.receive(data)

    others.signals.subscribe("topic", handler)
    others.signals.on_reconnect(caught_up.note)
    for _ in range(200):
        await stores.signals.publish("topic", bytes(1000))
    await until(lambda: len(caught_up) >= 1)
    await sleep(0.6)
    assert 10 <= len(received) < 60


@pytest.mark.parametrize("keep_data", [True, False])
async def test_a_killed_redis_is_rejoined_and_missed_signals_announced(
    server: Valkey, open_worker: OpenWorker, keep_data: bool
) -> None:
    here, there = (await open_worker(server.url), await open_worker(server.url))
    inbox, caught_up = Inbox(), Inbox()
    there.signals.subscribe("topic", inbox.receive)
    there.signals.on_reconnect(caught_up.note)
    server.kill()
    await until(lambda: not there.signals.healthy)
    await here.signals.publish("topic", b"while it is away")  # must neither raise nor block
    await sleep(0.3)
    assert caught_up == []

    server.restart(keep_data=keep_data)
    await until(lambda: there.signals.healthy and here.signals.healthy, seconds=6.0)
    await until(lambda: len(caught_up) >= 1)
    await here.signals.publish("topic", b"after")
    await until(lambda: inbox[-1:] == [b"after"])


async def test_a_frozen_redis_is_noticed_within_seconds(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    caught_up = Inbox()
    stores.signals.on_reconnect(caught_up.note)
    server.freeze()
    try:
        await until(lambda: not stores.signals.healthy, seconds=8.0)
    finally:
        server.thaw()
    await until(lambda: stores.signals.healthy, seconds=6.0)
    await until(lambda: len(caught_up) == 1)


async def test_a_worker_that_could_not_send_makes_the_others_catch_up(
    stores: RedisStores, others: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught_up = Inbox()
    others.signals.on_reconnect(caught_up.note)

    async def fail(_: object) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(stores.signals, "_publish", fail)
        await stores.signals.publish("topic", b"lost")
        await until(lambda: not stores.link.up)
    await until(lambda: len(caught_up) == 1)


async def test_what_waits_is_sent_before_the_end(
    others: RedisStores, open_worker: OpenWorker, redis_url: str
) -> None:
    inbox = Inbox()
    others.signals.subscribe("topic", inbox.receive)
    ending = await open_worker(redis_url)
    for _ in range(1000):
        await ending.signals.publish("topic", b"bye")
    await ending.signals.close()
    await until(lambda: len(inbox) == 1000)


async def test_a_strange_signal_harms_nobody(
    stores: RedisStores, redis_url: str, prefix: str
) -> None:
    inbox = Inbox()
    stores.signals.subscribe("topic", inbox.receive)
    async with Redis.from_url(redis_url) as client:
        strange = (b"", b":", b"::", b"\xff:\xff:\xff", b"no colon", b"x:\x91\x01")
        for data in (*strange, bytes(100_000)):
            await client.publish(f"{prefix}:signals", data)
        await client.publish(f"{prefix}:signals", _message(b"", b"no colon", b"::"))
        await client.publish(f"{prefix}:signals", _message(b":topic:fine"))
    await until(lambda: inbox == [b"fine"])


def _message(*signals: bytes) -> bytes:
    return b"someone:" + msgspec.msgpack.encode(signals)


async def test_what_is_told_at_one_moment_is_one_message_or_a_few_large_ones(
    stores: RedisStores, others: RedisStores, redis_url: str, prefix: str
) -> None:
    inbox = Inbox()
    others.signals.subscribe("topic", inbox.receive)
    async with Redis.from_url(redis_url) as client, client.pubsub() as heard:
        await heard.subscribe(f"{prefix}:signals")
        for _ in range(20):
            await stores.signals.publish("topic", bytes(10))
        await until(lambda: len(inbox) == 20)
        for _ in range(10):
            await stores.signals.publish("topic", bytes(module.BUNDLE_BYTES // 4))
        await until(lambda: len(inbox) == 30)
        sizes = []
        while (message := await heard.get_message(timeout=0.2)) is not None:
            if message["type"] == "message":
                sizes.append(len(message["data"]))
    assert len(sizes) < 10
    assert max(sizes) < 2 * module.BUNDLE_BYTES
