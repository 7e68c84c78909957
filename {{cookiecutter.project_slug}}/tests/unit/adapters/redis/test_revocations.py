"""Revocations for all workers."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.domain.errors import Unavailable

from ....support.valkey import Valkey
from .conftest import OpenWorker

NOW = datetime(2026, 5, 1, 12, 0, 0, 250000, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def test_a_revoked_token_is_revoked_for_every_worker(
    stores: RedisStores, others: RedisStores
) -> None:
    await stores.revocations.revoke_token("j1")
    for worker in (stores, others):
        assert await worker.revocations.is_revoked("j1", "ada", NOW)
        assert not await worker.revocations.is_revoked("j2", "ada", NOW)
        assert not await worker.revocations.is_revoked(None, "ada", NOW)


async def test_a_revoked_subject_keeps_newer_tokens(
    stores: RedisStores, others: RedisStores
) -> None:
    await stores.revocations.revoke_subject("ada", NOW)
    await others.revocations.revoke_subject("ada", NOW - 60 * SECOND)  # the later time counts
    for worker in (stores, others):
        assert await worker.revocations.is_revoked("j1", "ada", NOW)
        assert await worker.revocations.is_revoked(None, "ada", NOW - SECOND)
        assert not await worker.revocations.is_revoked("j1", "ada", NOW + SECOND)
        assert not await worker.revocations.is_revoked("j1", "bob", NOW)


class Token(NamedTuple):
    jti: str | None
    sub: str
    issued_at: datetime


async def test_the_revoked_are_found_among_many(
    stores: RedisStores, others: RedisStores, server: Valkey, open_worker: OpenWorker
) -> None:
    await stores.revocations.revoke_token("j1")
    await stores.revocations.revoke_subject("bob", NOW)
    tokens = [
        Token("j1", "ada", NOW),
        Token("j2", "ada", NOW),
        Token(None, "bob", NOW),
        Token("j3", "bob", NOW + SECOND),
    ]
    assert await others.revocations.find_revoked(tokens) == [tokens[0], tokens[2]]
    assert await others.revocations.find_revoked([]) == []
    alone = await open_worker(server.url)
    server.kill()
    with pytest.raises(Unavailable):
        await alone.revocations.find_revoked(tokens)


async def test_entries_expire(stores: RedisStores, redis_url: str, prefix: str) -> None:
    await stores.revocations.revoke_token("j1")
    await stores.revocations.revoke_subject("ada", NOW)
    async with Redis.from_url(redis_url) as client:
        keys = await client.keys(f"{prefix}*revoked*")
        assert len(keys) == 2
        for key in keys:
            assert 399 * 86400 < await client.ttl(key) <= 400 * 86400


async def test_without_redis_what_this_worker_knows_holds(
    server: Valkey, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = (await open_worker(server.url), await open_worker(server.url))
    await here.revocations.revoke_token("j1")
    await here.revocations.revoke_token("j2")
    assert await there.revocations.is_revoked("j1", "ada", NOW)
    server.kill()

    assert await there.revocations.is_revoked("j1", "ada", NOW)
    for _ in range(3):
        assert not await there.revocations.is_revoked("j2", "ada", NOW)
    assert caplog.text.count("revocations cannot be read") == 1
    with pytest.raises(Unavailable):
        await there.revocations.revoke_token("j3")
    assert await there.revocations.is_revoked("j3", "ada", NOW)
