"""Redis for tests: `REDIS_URL` where that is set, else a server started here.

What freezes or kills a server always uses its own (fixture ``server``).
"""

import gc
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
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


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself; its key is beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.with_suffix(".key").write_bytes(private)
    return path


LEFT_BY_HANDSHAKES = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""A TLS handshake that fails, or takes too long on a busy machine, may leave its socket to the
garbage collection, as redis-py cannot reach it. For tests that use `collected`."""


@pytest.fixture
def collected() -> Iterator[None]:
    """The garbage of a test goes with it, not with the next one."""
    yield
    gc.collect()


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
