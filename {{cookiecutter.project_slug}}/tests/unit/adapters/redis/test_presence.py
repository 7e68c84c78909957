"""Presence over several workers."""

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.adapters.redis.presence import (
    DEAD_SECONDS,
    RedisPresence,
)
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.ports import Told

from ....support.valkey import Valkey
from .conftest import OpenWorker

Age = Callable[..., Awaitable[None]]


@pytest.fixture
def here(stores: RedisStores) -> RedisPresence:
    return stores.presence


@pytest.fixture
def there(others: RedisStores) -> RedisPresence:
    return others.presence


@pytest.fixture
def age(redis_url: str, prefix: str) -> Age:
    """Makes a worker's last sign of life older than a living one's ever is."""

    async def age(*workers: RedisStores) -> None:
        async with Redis.from_url(redis_url) as client:
            async for key in client.scan_iter(match=f"*{prefix}*workers"):
                for worker in workers:
                    await client.zincrby(key, -DEAD_SECONDS - 1, worker.worker)

    return age


async def test_a_user_counts_once_over_sockets_and_workers(
    here: RedisPresence, there: RedisPresence
) -> None:
    assert await here.enter("lobby", "ada", "s1")
    assert not await here.enter("lobby", "ada", "s1")
    assert not await here.enter("lobby", "ada", "s2")
    assert not await there.enter("lobby", "ada", "s3")
    assert await there.enter("lobby", "zoë b", "s4")
    assert await there.enter("kitchen", "ada", "s3")
    assert await here.members("lobby", 10) == ["ada", "zoë b"]
    assert await there.members("lobby", 1) == ["ada"]

    assert not await here.leave("lobby", "ada", "s1")
    assert not await here.leave("lobby", "ada", "s1")
    assert not await here.leave("lobby", "ada", "s2")
    assert await there.leave("lobby", "ada", "s3")
    assert await here.members("lobby", 10) == ["zoë b"]
    assert await here.members("kitchen", 10) == ["ada"]
    assert await here.members("attic", 10) == []


async def test_who_left_with_a_dead_worker_is_told_once(
    here: RedisPresence, there: RedisPresence, others: RedisStores, age: Age, stores: RedisStores
) -> None:
    await here.enter("lobby", "ada", "s1")
    await there.enter("lobby", "ada", "s2")
    await there.enter("lobby", "bob", "s3")
    await there.enter("kitchen", "bob", "s3")
    assert await here.beat() == ([], [], [])
    await age(others)

    assert await here.members("lobby", 10) == ["ada"]
    assert sorted((await here.beat()).left) == [("kitchen", "bob"), ("lobby", "bob")]
    assert await here.beat() == ([], [], [])


async def test_a_user_who_comes_back_before_that_never_left(
    here: RedisPresence, there: RedisPresence, others: RedisStores, age: Age
) -> None:
    await there.enter("lobby", "bob", "s3")
    await here.beat()
    await age(others)

    assert not await here.enter("lobby", "bob", "s4")
    assert await here.beat() == ([], [], [])
    assert await here.members("lobby", 10) == ["bob"]


async def test_a_worker_taken_for_dead_puts_itself_back(
    here: RedisPresence, there: RedisPresence, others: RedisStores, age: Age
) -> None:
    await there.enter("lobby", "bob", "s3")
    await here.beat()
    await age(others)
    assert await here.beat() == ([], [("lobby", "bob")], [])

    assert await there.beat() == ([("lobby", "bob")], [], [])
    assert await there.beat() == ([], [], [])
    assert await here.members("lobby", 10) == ["bob"]
    assert await there.leave("lobby", "bob", "s3")


async def test_who_moved_on_while_a_worker_was_cut_off_has_not_left(
    server: Valkey, open_worker: OpenWorker
) -> None:
    """Its sockets end late, of users who are elsewhere by then."""
    cut, other = (await open_worker(server.url), await open_worker(server.url))
    for user in ("ada", "bob", "cem"):
        await cut.presence.enter("lobby", user, f"s-{user}")
    cut.link.up = False
    assert await other.presence.enter("lobby", "bob", "t-bob") is Told.NOBODY
    for user in ("ada", "bob"):
        assert await cut.presence.leave("lobby", user, f"s-{user}") is Told.HERE
    cut.link.up = True
    assert await cut.presence.beat() == ([], [("lobby", "ada")], [("lobby", "bob")])
    assert await cut.presence.beat() == ([], [], [])
    assert await other.presence.members("lobby", 10) == ["bob", "cem"]


async def test_a_socket_that_ends_when_its_worker_was_taken_for_dead(
    here: RedisPresence, there: RedisPresence, others: RedisStores, age: Age
) -> None:
    for user in ("bob", "cem"):
        await there.enter("lobby", user, f"s-{user}")
    await here.beat()
    await age(others)
    assert sorted((await here.beat()).left) == [("lobby", "bob"), ("lobby", "cem")]
    assert await here.enter("lobby", "bob", "t-bob") is Told.EVERYBODY
    assert await there.leave("lobby", "bob", "s-bob") is Told.NOBODY
    assert await there.beat() == ([("lobby", "cem")], [], [])


async def test_workers_are_not_dead_when_redis_was_away(
    here: RedisPresence, there: RedisPresence, stores: RedisStores, others: RedisStores, age: Age
) -> None:
    await here.enter("lobby", "ada", "s1")
    await there.enter("lobby", "bob", "s2")
    await age(stores, others)

    assert await here.beat() == ([], [], [])
    assert await here.beat() == ([], [], [])
    assert await there.beat() == ([], [], [])
    assert await here.members("lobby", 10) == ["ada", "bob"]


async def test_a_worker_that_ends_leaves_at_once(here: RedisPresence, there: RedisPresence) -> None:
    await there.enter("lobby", "bob", "s2")
    await there.close()

    assert await here.members("lobby", 10) == []
    await here.enter("lobby", "ada", "s1")
    assert await here.beat() == ([], [("lobby", "bob")], [])


async def test_nothing_is_left_when_all_have_left(
    here: RedisPresence, there: RedisPresence, redis_url: str, prefix: str
) -> None:
    for number in range(20):
        await here.enter(f"room-{number % 3}", f"user-{number}", f"s{number}")
        await there.enter(f"room-{number % 3}", f"user-{number}", f"t{number}")
    for number in range(20):
        await here.leave(f"room-{number % 3}", f"user-{number}", f"s{number}")
    await there.close()
    await here.beat()
    async with Redis.from_url(redis_url) as client:
        keys = await client.keys(f"*{prefix}*")
        assert keys == await client.keys(f"*{prefix}*:workers")
    assert len(keys) == 1


async def test_presence_heals_when_redis_comes_back_empty(
    server: Valkey, open_worker: OpenWorker
) -> None:
    here, there = (await open_worker(server.url), await open_worker(server.url))
    await here.presence.enter("lobby", "ada", "s1")
    await there.presence.enter("lobby", "bob", "s2")
    server.restart(keep_data=False)

    assert await here.presence.beat() == ([("lobby", "ada")], [], [])
    assert await here.presence.members("lobby", 10) == ["ada"]
    assert await there.presence.enter("lobby", "bob", "s3")  # others may think that he left
    assert not await there.presence.enter("lobby", "bob", "s4")
    assert await there.presence.enter("lobby", "cem", "s5")
    assert await here.presence.members("lobby", 10) == ["ada", "bob", "cem"]


async def test_what_happened_without_redis_is_put_right(
    server: Valkey, open_worker: OpenWorker
) -> None:
    here, there = (await open_worker(server.url), await open_worker(server.url))
    for user in ("ada", "bob"):
        await here.presence.enter("lobby", user, f"s-{user}")
    server.kill()

    assert await here.presence.leave("lobby", "ada", "s-ada") is Told.HERE
    assert await here.presence.enter("lobby", "cem", "s-cem") is Told.HERE
    assert await here.presence.members("lobby", 10) == ["bob", "cem"]
    with pytest.raises(Unavailable):
        await here.presence.beat()

    server.start()
    await here.link.ping()
    here.link.report_up()
    assert await here.presence.beat() == ([("lobby", "cem")], [("lobby", "ada")], [])
    there.link.report_up()
    assert await there.presence.members("lobby", 10) == ["bob", "cem"]
