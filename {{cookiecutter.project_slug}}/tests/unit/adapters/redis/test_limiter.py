"""Rate limits over several workers."""

import time
from functools import partial

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.adapters.redis.limiter import RedisLimiter
from {{cookiecutter.package_name}}.domain.policies import Rate
from {{cookiecutter.package_name}}.runtime.mode import sleep, together


async def test_exactly_the_burst_is_admitted_over_all_workers(
    stores: RedisStores, others: RedisStores
) -> None:
    rate = Rate(limit=7, period=3600, burst=100)  # an interval that is no whole microsecond
    waits: list[float] = []

    async def spend(limiter: RedisLimiter) -> None:
        for _ in range(15):
            waits.append(await limiter.hit("event", rate, "ada"))

    workers = [stores.limiter, others.limiter]
    await together(*(partial(spend, limiter) for limiter in workers * 10))

    assert len(waits) == 300
    assert waits.count(0.0) == 100
    assert all(0 <= wait <= 3600 / 7 for wait in waits)


async def test_the_wait_it_names_is_enough_and_no_more_than_needed(stores: RedisStores) -> None:
    rate = Rate(limit=1, period=2, burst=2)
    assert [await stores.limiter.hit("event", rate, "ada") for _ in range(2)] == [0.0, 0.0]
    wait = await stores.limiter.hit("event", rate, "ada")

    assert 0 < wait <= 2
    await sleep(wait + 0.001)
    assert await stores.limiter.hit("event", rate, "ada") == 0.0
    assert await stores.limiter.hit("event", rate, "ada") > 0.0


async def test_names_and_keys_are_counted_apart(stores: RedisStores) -> None:
    rate = Rate(limit=1, period=60, burst=1)
    for name, key in (("event", "ada"), ("event", "bob"), ("http", "ada")):
        assert await stores.limiter.hit(name, rate, key) == 0.0
        assert await stores.limiter.hit(name, rate, key) > 0.0


async def test_a_steady_rate_is_kept_over_time(stores: RedisStores) -> None:
    rate = Rate(limit=200, period=1, burst=1)
    began, admitted = time.monotonic(), 0
    while time.monotonic() - began < 0.5:
        admitted += await stores.limiter.hit("event", rate, "ada") == 0.0
    assert admitted <= 200 * (time.monotonic() - began) + 1
    assert admitted >= 2


async def test_limits_are_hit_one_after_the_other_until_one_refuses(
    stores: RedisStores, others: RedisStores
) -> None:
    roomy, narrow = Rate(limit=1, period=60, burst=9), Rate(limit=1, period=60, burst=1)
    limits = (("narrow", narrow), ("roomy", roomy))

    assert await stores.limiter.hit_each(limits, "ada") == 0.0
    assert 59 < await others.limiter.hit_each(limits, "ada") <= 60
    assert await stores.limiter.hit_each(limits, "bob {}:") == 0.0
    left = [await others.limiter.hit("roomy", roomy, "ada") for _ in range(9)]
    assert left.count(0.0) == 8  # what was refused before it did not count


async def test_without_redis_they_are_hit_here(stores: RedisStores) -> None:
    stores.link.up = False
    narrow = Rate(limit=1, period=60, burst=1)
    limits = (("roomy", Rate(limit=1, period=60, burst=9)), ("narrow", narrow))
    assert await stores.limiter.hit_each(limits, "ada") == 0.0
    assert await stores.limiter.hit_each(limits, "ada") > 0.0
    assert await stores.limiter.hit_each(limits[:1], "ada") == 0.0
