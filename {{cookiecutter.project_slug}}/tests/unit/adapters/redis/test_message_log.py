"""The message log in Redis Streams."""

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisMessageLog, RedisStores
from {{cookiecutter.package_name}}.adapters.redis import message_log as module
from {{cookiecutter.package_name}}.domain.events import Position

from ....support.valkey import Valkey
from ..message_log_contract import HISTORY_SIZE, START, BoundedLogContract, fill, offsets
from .conftest import OpenWorker

ROOM = "{lobby}"  # its hash tag


class TestRedisMessageLog(BoundedLogContract):
    @pytest.fixture
    async def log(self, stores: RedisStores, prefix: str) -> RedisMessageLog:
        return RedisMessageLog(stores.link, prefix=prefix, history_size=HISTORY_SIZE)

    async def test_keys_share_a_slot_are_bounded_and_expire(
        self, log: RedisMessageLog, redis_url: str, prefix: str
    ) -> None:
        await fill(log, 2 * HISTORY_SIZE)
        async with Redis.from_url(redis_url, decode_responses=True) as client:
            keys = set(await client.keys(f"{prefix}*"))
            assert keys == {f"{prefix}:{ROOM}:{part}" for part in ("room", "messages", "ids")}
            assert await client.xlen(f"{prefix}:{ROOM}:messages") == HISTORY_SIZE
            assert await client.hlen(f"{prefix}:{ROOM}:ids") == HISTORY_SIZE
            for key in keys:
                assert 0 < await client.ttl(key) <= module.IDLE_SECONDS

    async def test_a_room_nobody_wrote_to_does_not_stay(
        self, log: RedisMessageLog, redis_url: str, prefix: str
    ) -> None:
        await log.replay("lobby", None, 10)
        async with Redis.from_url(redis_url) as client:
            assert 0 < await client.ttl(f"{prefix}:{ROOM}:room") <= module.EMPTY_SECONDS

    async def test_a_smaller_history_forgets_the_rest_at_once(
        self, log: RedisMessageLog, stores: RedisStores, redis_url: str, prefix: str
    ) -> None:
        epoch = await fill(log, HISTORY_SIZE)
        smaller = RedisMessageLog(stores.link, prefix=prefix, history_size=3)
        await fill(smaller, 1, first=HISTORY_SIZE + 1)

        assert len(await smaller.before("lobby", None, 100)) == 3
        assert (await smaller.replay("lobby", Position(epoch, HISTORY_SIZE - 2), 9)).complete
        assert not (await smaller.replay("lobby", Position(epoch, HISTORY_SIZE - 3), 9)).complete
        async with Redis.from_url(redis_url) as client:
            assert await client.hlen(f"{prefix}:{ROOM}:ids") == 3

    async def test_a_room_that_lost_its_messages_says_incomplete(
        self, log: RedisMessageLog, redis_url: str, prefix: str
    ) -> None:
        epoch = await fill(log, 3)
        async with Redis.from_url(redis_url) as client:
            await client.delete(f"{prefix}:{{lobby}}:messages")
        replay = await log.replay("lobby", Position(epoch, 1), 10)
        assert (replay.complete, replay.messages) == (False, [])

    async def test_a_room_that_lost_its_head_starts_a_new_epoch(
        self, log: RedisMessageLog, redis_url: str, prefix: str
    ) -> None:
        epoch = await fill(log, 3)
        async with Redis.from_url(redis_url) as client:
            await client.delete(f"{prefix}:{{lobby}}:room")
        appended = await log.append("lobby", "m1", "ada", "again", START)
        assert (appended.duplicate, appended.message.offset) == (False, 1)
        assert appended.message.epoch != epoch
        assert await log.before("lobby", None, 10) == [appended.message]

    async def test_two_workers_append_to_one_log(
        self, log: RedisMessageLog, others: RedisStores, prefix: str
    ) -> None:
        other = RedisMessageLog(others.link, prefix=prefix, history_size=HISTORY_SIZE)
        epoch = await fill(log, 2)
        assert (await other.append("lobby", "m2", "ada", "again", START)).duplicate
        assert await fill(other, 2, first=3) == epoch
        assert offsets(await log.before("lobby", None, 10)) == [4, 3, 2, 1]


async def test_a_restart_with_data_keeps_messages_and_epoch(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    log = RedisMessageLog(stores.link, prefix="p", history_size=HISTORY_SIZE)
    epoch = await fill(log, 3)
    server.restart(keep_data=True)

    assert (await log.append("lobby", "m3", "ada", "again", START)).duplicate
    replay = await log.replay("lobby", Position(epoch, 1), 10)
    assert replay.complete
    assert offsets(replay.messages) == [2, 3]


async def test_a_restart_without_data_starts_a_new_epoch(
    server: Valkey, open_worker: OpenWorker
) -> None:
    stores = await open_worker(server.url)
    log = RedisMessageLog(stores.link, prefix="p", history_size=HISTORY_SIZE)
    epoch = await fill(log, 3)
    server.restart(keep_data=False)

    replay = await log.replay("lobby", Position(epoch, 0), 10)
    assert not replay.complete
    assert replay.head.offset == 0
    assert replay.head.epoch != epoch
