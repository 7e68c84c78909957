"""Ticks reach who subscribed, from whatever worker they come; nothing remains of who left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from {{cookiecutter.package_name}}.adapters.memory import (
    MemoryTickHistory,
    MemoryTickStore,
)
from {{cookiecutter.package_name}}.domain.errors import Refused, Unavailable
from {{cookiecutter.package_name}}.domain.events import Subscribe, Ticks, Unsubscribe
from {{cookiecutter.package_name}}.domain.ticks import MAX_SYMBOLS, Tick
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services import following
from {{cookiecutter.package_name}}.services.feed import Feed
from {{cookiecutter.package_name}}.services.publisher import Batch, Publisher
from {{cookiecutter.package_name}}.services.recorder import Recorder

from ...support.waiting import until
from .conftest import Audience, Signals, Wires

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tick(symbol: str, price: float, seconds: float = 0) -> Tick:
    return Tick(symbol, price, NOW + timedelta(seconds=seconds))


class Market:
    """Feeds of any number of workers over one store."""

    def __init__(self) -> None:
        self.store = MemoryTickStore()
        self.wires = Wires()
        self.audiences: list[Audience] = []

    def worker(self, flush_seconds: float = 0.01) -> "Worker":
        return Worker(self, flush_seconds)


class Worker:
    def __init__(self, market: Market, flush_seconds: float) -> None:
        self.audience = Audience(market.audiences)
        self.signals = Signals(market.wires)
        self.feed = Feed(market.store, self.audience, self.signals, 3, flush_seconds)
        recorder = Recorder(MemoryTickHistory())
        publisher = Publisher(market.store, recorder, self.signals, lambda: NOW, self.feed.receive)
        self.publish = publisher.publish

    def prices(self, sid: str) -> dict[str, list[float]]:
        """What a socket was told, by symbol."""
        told: dict[str, list[float]] = {}
        for notice in self.audience.got[sid]:
            assert isinstance(notice, Ticks)
            assert len({each.symbol for each in notice.ticks}) == 1
            for each in notice.ticks:
                told.setdefault(each.symbol, []).append(each.price)
        return told


async def read(worker: Worker, symbol: str) -> list[Tick] | None:
    async with worker.feed.following([symbol]) as stream:
        return await stream.next(1)


@pytest.fixture
def market() -> Market:
    return Market()


async def test_who_subscribes_gets_the_latest_and_all_that_follows(market: Market) -> None:
    here, there = market.worker(), market.worker()
    await there.publish([tick("ACME", 1), tick("ACME", 2, 1), tick("BOLT", 9)])
    acked = await here.feed.subscribe("s1", Subscribe(["ACME", "NONE"]))
    assert acked.snapshot == [tick("ACME", 2, 1)]
    for number in range(3, 20):
        await there.publish([tick("ACME", number, number), tick("BOLT", number, number)])
    await until(lambda: len(here.prices("s1").get("ACME", ())) == 17)
    assert here.prices("s1") == {"ACME": [float(number) for number in range(3, 20)]}


async def test_what_comes_close_together_is_one_notice(market: Market) -> None:
    worker = market.worker(flush_seconds=0.2)
    await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    for number in range(30):
        await worker.publish([tick("ACME", number, number)])
    await until(lambda: len(worker.prices("s1").get("ACME", ())) == 30)
    assert len(worker.audience.got["s1"]) <= 3


async def test_only_what_is_newer_than_since(market: Market) -> None:
    worker = market.worker()
    await worker.publish([tick("ACME", 1, 10), tick("BOLT", 2, 20)])
    acked = await worker.feed.subscribe(
        "s1", Subscribe(["ACME", "BOLT"], NOW + timedelta(seconds=10))
    )
    assert acked.snapshot == [tick("BOLT", 2, 20)]


async def test_a_late_tick_is_delivered_and_is_not_the_latest(market: Market) -> None:
    worker = market.worker()
    await worker.publish([tick("ACME", 2, 20)])
    await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    await worker.publish([tick("ACME", 1, 10)])
    await until(lambda: worker.prices("s1") == {"ACME": [1.0]})
    assert (await worker.feed.subscribe("s2", Subscribe(["ACME"]))).snapshot[0].price == 2


async def test_subscribing_while_ticks_come_misses_and_doubles_none(market: Market) -> None:
    worker, other = market.worker(), market.worker()
    published = 200
    acked: dict[str, Any] = {}

    async def publish() -> None:
        for number in range(published):
            await other.publish([tick("ACME", number, number / 1000)])
            await mode.sleep(0.001)

    task = mode.spawn(publish)
    for number in range(20):
        await mode.sleep(0.005)
        sid = f"s{number}"
        acked[sid] = await worker.feed.subscribe(sid, Subscribe(["ACME"]))
    last = published - 1.0
    everybody = worker.audience.got.values()
    await until(lambda: all(told[-1].ticks[-1].price == last for told in everybody))
    for sid, ack in acked.items():
        first = ack.snapshot[0].price if ack.snapshot else -1.0
        assert worker.prices(sid)["ACME"] == [float(n) for n in range(int(first) + 1, published)]
    await mode.stop(task)


async def test_a_signal_that_comes_after_its_tick_was_read_tells_nothing_twice(
    market: Market,
) -> None:
    worker = market.worker()
    signalled = [tick("ACME", 1), tick("ACME", 2, 1), tick("BOLT", 5)]
    await market.store.put(signalled, key=None, fence=None)
    acked = await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    assert acked.snapshot == [tick("ACME", 2, 1)]
    worker.feed.receive(Batch([*signalled, tick("ACME", 3, 2)], 0.0))
    worker.feed.receive(Batch([tick("ACME", 2, 1)], 0.0))  # sent again, after newer ones
    await until(lambda: worker.prices("s1") == {"ACME": [3.0, 2.0]})


async def test_nor_does_one_that_comes_after_a_check(market: Market) -> None:
    worker = market.worker()
    await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    await market.store.put([tick("ACME", 1)], key=None, fence=None)
    await worker.feed.check()
    await until(lambda: worker.prices("s1") == {"ACME": [1.0]})
    worker.feed.receive(Batch([tick("ACME", 1), tick("ACME", 2, 1)], 0.0))
    await until(lambda: worker.prices("s1") == {"ACME": [1.0, 2.0]})


async def test_who_unsubscribes_or_goes_leaves_nothing(market: Market) -> None:
    worker = market.worker()
    await worker.feed.subscribe("s1", Subscribe(["ACME", "BOLT"]))
    await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    await worker.feed.subscribe("s2", Subscribe(["ACME"]))
    await worker.feed.unsubscribe("s1", Unsubscribe(["ACME", "NEVER"]))
    await worker.publish([tick("ACME", 1)])
    await until(lambda: worker.prices("s2"))
    assert worker.prices("s1") == {}
    await worker.feed.unsubscribe("s1", Unsubscribe(["BOLT"]))
    await worker.feed.gone("s1")
    await worker.feed.gone("s2")
    await worker.feed.gone("s2")
    assert len(worker.feed) == 0


async def test_more_symbols_than_allowed_are_refused(market: Market) -> None:
    worker = market.worker()
    await worker.feed.subscribe("s1", Subscribe([f"S{n}" for n in range(MAX_SYMBOLS)]))
    with pytest.raises(Refused, match="at most 100 symbols") as refused:
        await worker.feed.subscribe("s1", Subscribe(["MORE"]))
    assert refused.value.code == "overloaded"
    await worker.feed.gone("s1")
    assert len(worker.feed) == 0


async def test_a_batch_with_a_key_is_published_once(market: Market) -> None:
    worker = market.worker()
    await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    for _ in range(3):
        assert await worker.publish([tick("ACME", 1)], key="k") == 1
    with pytest.raises(Refused, match="other ticks"):
        await worker.publish([tick("ACME", 2)], key="k")
    await worker.publish([tick("ACME", 3)])
    await until(lambda: worker.prices("s1") == {"ACME": [1.0, 3.0]})


async def test_a_tick_of_tomorrow_is_refused(market: Market) -> None:
    with pytest.raises(Refused, match=r"ticks\[1\].at"):
        await market.worker().publish([tick("ACME", 1, 59), tick("ACME", 2, 61)])


async def test_what_no_signal_told_of_is_delivered_after_a_reconnect(market: Market) -> None:
    here, there = market.worker(), market.worker()
    await here.feed.subscribe("s1", Subscribe(["ACME", "BOLT"]))
    await there.publish([tick("BOLT", 5)])
    market.wires.cut = True
    await there.publish([tick("ACME", 1, 1), tick("ACME", 2, 2)])
    market.wires.cut = False
    for reconnected in here.signals.reconnected:
        await reconnected()
        await reconnected()
    await until(lambda: here.prices("s1") == {"BOLT": [5.0], "ACME": [2.0]})


async def test_a_store_that_does_not_answer_leaves_nothing_behind(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = market.worker()

    async def fails(symbols: object) -> dict[str, Tick]:
        raise Unavailable("store")

    monkeypatch.setattr(market.store, "latest", fails)
    with pytest.raises(Unavailable):
        await worker.feed.subscribe("s1", Subscribe(["ACME"]))
    with pytest.raises(Unavailable):
        await read(worker, "ACME")
    await worker.feed.gone("s1")
    assert len(worker.feed) == 0


async def test_a_stream_begins_with_the_latest_and_goes_on(market: Market) -> None:
    worker = market.worker()
    await worker.publish([tick("ACME", 1)])
    async with worker.feed.following(["ACME", "BOLT"]) as stream:
        assert await stream.next(5) == [tick("ACME", 1)]
        assert await stream.next(0.01) == []
        await worker.publish([tick("BOLT", 2), tick("OTHER", 3)])
        assert await stream.next(5) == [tick("BOLT", 2)]
        await worker.feed.end_streams(1.0)
        assert await stream.next(5) is None
    assert len(worker.feed) == 0


async def test_a_slow_stream_gets_the_newest_of_each(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_WAITING", 10)
    stream = following.Following(frozenset(["ACME", "BOLT"]))
    stream.add([tick("BOLT", 7)])
    for number in range(100):
        stream.add([tick("ACME", number, number)])
    got = await stream.next(1)
    assert got is not None
    assert len(got) <= 10
    assert {each.symbol: each.price for each in got} == {"BOLT": 7, "ACME": 99}


async def test_streams_are_bounded(market: Market) -> None:
    worker = market.worker()
    feed = worker.feed
    async with feed.following(["A"]), feed.following(["A"]), feed.following(["B"]):
        with pytest.raises(Refused, match="too many streams"):
            feed.require_room_for_stream()
        with pytest.raises(Refused, match="too many streams"):
            await read(worker, "A")
    feed.require_room_for_stream()
    assert len(worker.feed) == 0
