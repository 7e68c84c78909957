"""Every form of REDIS_URL that is not refused, with a real server behind it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import redis_problems
from {{cookiecutter.package_name}}.domain.errors import Unavailable

from ....support.ports import free_port
from ....support.tls_proxy import behind_tls
from ....support.valkey import Valkey
from .conftest import LEFT_BY_HANDSHAKES, OpenWorker


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Valkey]:
    """A server that asks for a password, or for a user of its own; also on a Unix socket."""
    options = ("--requirepass", "s3cret", "--unixsocket", str(tmp_path / "s"))
    user = ("--user", "app", "on", ">p@ss", "~*", "&*", "+@all", "-@dangerous")
    server = Valkey(tmp_path / "locked", *options, *user)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def secure_port(locked: Valkey, certificate: Path) -> Iterator[int]:
    """Leads to the server by TLS, which the one for tests does not have itself."""
    with behind_tls(locked.port, certificate) as port:
        yield port


async def works(url: str, open_worker: OpenWorker) -> bool:
    """Whether a worker can use Redis and hear others by it."""
    assert redis_problems(url) == []
    worker = await open_worker(url)
    await worker.check()
    await worker.presence.enter("lobby", "ada", "s1")
    return await worker.presence.members("lobby", 10) == ["ada"]


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
@pytest.mark.parametrize("who", [":s3cret@", "default:s3cret@", "app:p%40ss@"])
async def test_passwords_and_users(
    scheme: str, who: str, locked: Valkey, open_worker: OpenWorker
) -> None:
    assert await works(f"{scheme}://{who}127.0.0.1:{locked.port}/0", open_worker)


async def test_a_unix_socket(locked: Valkey, open_worker: OpenWorker, tmp_path: Path) -> None:
    assert await works(f"unix://:s3cret@{tmp_path}/s?db=1", open_worker)


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
async def test_tls(
    scheme: str, secure_port: int, certificate: Path, open_worker: OpenWorker
) -> None:
    address = f"{scheme}://:s3cret@127.0.0.1:{secure_port}/0"
    assert await works(f"{address}?ssl_ca_certs={certificate}", open_worker)


@LEFT_BY_HANDSHAKES
@pytest.mark.usefixtures("collected")
async def test_a_certificate_that_nobody_vouches_for(
    secure_port: int, certificate: Path, open_worker: OpenWorker
) -> None:
    good = f"rediss://:s3cret@127.0.0.1:{secure_port}/0"
    assert await works(f"{good}?ssl_ca_certs={certificate}", open_worker)
    worker = await open_worker(good)
    with pytest.raises(Unavailable):
        await worker.check()


async def test_a_wrong_password_leaves_it_unready(
    locked: Valkey, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await open_worker(f"redis://:wr0ng@127.0.0.1:{locked.port}/0")
    with pytest.raises(Unavailable):
        await worker.check()
    assert "wr0ng" not in caplog.text


async def test_a_node_of_a_cluster_is_said_to_be_one(
    tmp_path: Path, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    bus = ("--cluster-port", str(free_port()))
    server = Valkey(tmp_path / "node", "--cluster-enabled", "yes", *bus)
    server.start()
    try:
        async with Redis.from_url(server.url) as client:
            node: Any = client  # redis-py has no annotations here
            await node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        worker = await open_worker(server.url)
        with pytest.raises(Unavailable):
            await worker.check()
        assert "a node of a cluster" in caplog.text
    finally:
        server.kill()
