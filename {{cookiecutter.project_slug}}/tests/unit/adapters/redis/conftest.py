"""Redis for tests: `REDIS_URL` where that is set, else a server started here.

What freezes or kills a server always uses its own (fixture ``server``).
"""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import RedisStores, open_redis

from ....support.valkey import Valkey


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    server = Valkey(tmp_path_factory.mktemp("valkey"), "--appendonly", "no")
    server.start()
    yield server.url
    server.kill()


@pytest.fixture
async def prefix(redis_url: str) -> AsyncIterator[str]:
    """What the names of one test's keys begin with."""
    prefix = f"test-{secrets.token_hex(4)}"
    yield prefix
    async with Redis.from_url(redis_url) as client:
        async for key in client.scan_iter(match=f"*{prefix}*"):
            await client.delete(key)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """A server of the test's own, to be mistreated."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


OpenWorker = Callable[[str], Awaitable[RedisStores]]


@pytest.fixture
async def open_worker(prefix: str) -> AsyncIterator[OpenWorker]:
    """Opens one more worker's stores with each call."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str) -> RedisStores:
            return await stack.enter_async_context(open_redis(url, prefix=prefix))

        yield open_one


@pytest.fixture
async def stores(open_worker: OpenWorker, redis_url: str) -> RedisStores:
    return await open_worker(redis_url)


@pytest.fixture
async def others(open_worker: OpenWorker, redis_url: str) -> RedisStores:
    """The stores of a second worker."""
    return await open_worker(redis_url)
