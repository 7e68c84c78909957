"""Every form of REDIS_URL that is not refused, with a real server behind it."""

import gc
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from {{cookiecutter.package_name}}.adapters.redis import redis_problems
from {{cookiecutter.package_name}}.domain.errors import Unavailable

from ....support import tls_proxy
from ....support.valkey import Valkey, free_port
from ....support.waiting import eventually
from .conftest import OpenWorker


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


@pytest.fixture
def secure_port(locked: Valkey, certificate: Path) -> Iterator[int]:
    """Leads to the server by TLS, which the one for tests does not have itself."""
    port = free_port()
    files = (str(certificate), str(certificate.with_suffix(".key")))
    words = [sys.executable, str(Path(tls_proxy.__file__)), str(port), str(locked.port), *files]
    process = subprocess.Popen(words)
    try:
        eventually(lambda: listens(port))
        yield port
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody takes connections to `port`."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture
def collected() -> Iterator[None]:
    """The garbage of a test goes with it, not with the next one."""
    yield
    gc.collect()


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


# A handshake that fails may leave its socket to the garbage collection; redis-py cannot reach it.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
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
