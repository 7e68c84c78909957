"""The latest ticks for all workers, and who may publish on a lease."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisStores, tick_history
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.domain.ticks import PRODUCER, Tick
from {{cookiecutter.package_name}}.ports import StaleFence, TickHistory, TickStore
from {{cookiecutter.package_name}}.runtime import mode

from ....support.valkey import Valkey
from ..tick_history_contract import TickHistoryContract
from ..tick_store_contract import NOW, TickStoreContract, put, tick
from .conftest import OpenWorker


class TestRedisTickStore(TickStoreContract):
    @pytest.fixture
    def store(self, stores: RedisStores) -> TickStore:
        return stores.ticks

    async def test_all_workers_have_the_same(
        self, stores: RedisStores, others: RedisStores
    ) -> None:
        await put(stores.ticks, tick("A", 1), key="k")
        assert await others.ticks.latest(["A"]) == {"A": tick("A", 1)}
        assert not await put(others.ticks, tick("A", 1), key="k")

    async def test_nothing_is_kept_for_ever(
        self, stores: RedisStores, redis_url: str, prefix: str
    ) -> None:
        await put(stores.ticks, tick("A", 1), key="k")
        async with Redis.from_url(redis_url) as client:
            keys = await client.keys(f"{prefix}*")
            assert len(keys) == 2
            for key in keys:
                assert 0 < await client.ttl(key) <= 7 * 86400

    async def test_microseconds_count(self, stores: RedisStores) -> None:
        for microseconds in (2, 1):
            at = NOW + timedelta(microseconds=microseconds)
            await put(stores.ticks, Tick("A", microseconds, at))
        assert (await stores.ticks.latest(["A"]))["A"].price == 2


async def test_one_worker_holds_the_lease(stores: RedisStores, others: RedisStores) -> None:
    first = await stores.leases.claim(PRODUCER, 30)
    assert first is not None
    assert await others.leases.claim(PRODUCER, 30) is None
    assert await stores.leases.claim(PRODUCER, 30) == first
    await others.leases.release(PRODUCER)  # which is not its own
    assert await others.leases.claim(PRODUCER, 30) is None
    await stores.leases.release(PRODUCER)
    second = await others.leases.claim(PRODUCER, 30)
    assert second is not None
    assert second > first


async def test_whoever_overslept_is_refused(stores: RedisStores, others: RedisStores) -> None:
    old = await stores.leases.claim(PRODUCER, 0.05)
    await stores.ticks.put([tick("A", 1)], key=None, fence=old)
    await mode.sleep(0.1)
    new = await others.leases.claim(PRODUCER, 30)
    await others.ticks.put([tick("A", 2, 1)], key=None, fence=new)
    with pytest.raises(StaleFence):
        await stores.ticks.put([tick("A", 3, 2)], key=None, fence=old)
    assert (await others.ticks.latest(["A"]))["A"].price == 2


async def test_fences_rise_also_when_redis_has_lost_its_data(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores, others = await open_worker(server.url), await open_worker(server.url)
    old = await stores.leases.claim(PRODUCER, 30)
    async with Redis.from_url(server.url) as client:
        await client.flushall()
    new = await others.leases.claim(PRODUCER, 30)
    assert old is not None
    assert new is not None
    assert new > old


async def test_without_redis_nothing_is_claimed_or_taken(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    server.kill()
    with pytest.raises(Unavailable):
        await stores.leases.claim(PRODUCER, 30)
    with pytest.raises(Unavailable):
        await put(stores.ticks, tick("A", 1))
    with pytest.raises(Unavailable):
        await stores.ticks.latest(["A"])


class TestRedisTickHistory(TickHistoryContract):
    @pytest.fixture
    def history(self, stores: RedisStores) -> TickHistory:
        return stores.history

    async def test_it_is_bounded(
        self,
        stores: RedisStores,
        redis_url: str,
        prefix: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(tick_history, "MAX_TICKS", 3)
        for _ in range(2):
            await stores.history.record([tick("A", number, number) for number in range(5)])
        prices = [each.price for each in await stores.history.ticks("A", None, 10)]
        assert len(prices) == 3
        async with Redis.from_url(redis_url) as client:
            for key in await client.keys(f"{prefix}:ticks*"):
                assert 0 < await client.ttl(key) <= 7 * 86400
