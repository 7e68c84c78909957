"""Redis by Sentinel: commands, scripts and signals follow the primary."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from socketio.redis_manager import parse_redis_sentinel_url

from {{cookiecutter.package_name}}.adapters.redis import RedisStores
from {{cookiecutter.package_name}}.adapters.redis.link import RedisLink
from {{cookiecutter.package_name}}.adapters.redis.urls import plain_url, sentinels
from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.runtime.mode import sleep

from ....support.sentinels import Watched, role, watched, watched_by_tls
from ....support.valkey import Valkey
from .conftest import LEFT_BY_HANDSHAKES, OpenWorker

FAILOVER_SECONDS = 30.0
"""Generously: a second of silence, an election, and the next attempts."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The last test kills one of them."""
    with watched(tmp_path_factory.mktemp("sentinels")) as servers:
        servers.wait_until_replicated()
        yield servers


def at(server: Valkey) -> tuple[str, int]:
    return "127.0.0.1", server.port


async def eventually(works: Callable[[], object]) -> None:
    deadline = time.monotonic() + FAILOVER_SECONDS
    while not works():
        assert time.monotonic() < deadline
        await sleep(0.05)


async def check_until_well(worker: RedisStores) -> None:
    deadline = time.monotonic() + FAILOVER_SECONDS
    while True:
        try:
            return await worker.check()
        except Unavailable:
            assert time.monotonic() < deadline
            await sleep(0.1)


async def hears(worker: RedisStores, other: RedisStores, said: list[bytes], word: bytes) -> None:
    """Wait until what `other` says gets to `worker`."""
    deadline = time.monotonic() + FAILOVER_SECONDS
    while word not in said:
        assert time.monotonic() < deadline
        await other.signals.publish("topic", word)
        await sleep(0.1)


def clients(server: Valkey) -> list[dict[str, str]]:
    """Who uses this server, but for its replica or primary, the Sentinels and who asks."""
    with redis.Redis(port=server.port, socket_timeout=2, client_name="asks") as client:
        found = client.client_list()
    return [
        one
        for one in found
        if not one["name"].startswith(("sentinel-", "asks")) and not {*one["flags"]} & {*"SM"}
    ]


async def listen(worker: RedisStores) -> list[bytes]:
    said: list[bytes] = []

    async def keep(data: bytes) -> None:
        said.append(data)

    worker.signals.subscribe("topic", keep)
    return said


async def test_a_silent_sentinel_costs_one_call_its_patience(
    servers: Watched, open_worker: OpenWorker
) -> None:
    servers.freeze_first_sentinel()
    try:
        worker = await open_worker(servers.url)
        await check_until_well(worker)
        assert worker.link.primary is not None
        assert await worker.link.primary.get_master_address() == at(servers.primary)
    finally:
        servers.thaw_first_sentinel()


async def test_signals_are_heard_from_where_another_is_named(
    servers: Watched, open_worker: OpenWorker
) -> None:
    """Also when the connection to the one before goes on."""
    worker = await open_worker(servers.url)
    await check_until_well(worker)
    joined = []

    async def note() -> None:
        joined.append(True)

    worker.signals.on_reconnect(note)
    assert worker.link.primary is not None
    worker.link.primary.address = ("127.0.0.1", 1)
    await eventually(lambda: joined)
    await check_until_well(worker)


async def test_a_connection_at_rest_is_left_where_another_is_named(servers: Watched) -> None:
    link = RedisLink(servers.url)
    await link.ping()
    assert link.primary is not None
    link.primary.address = ("127.0.0.1", 1)
    await link.ping()
    assert link.primary.address == at(servers.primary)
    await link.close()


async def test_nothing_stays_with_a_primary_that_became_a_replica(
    servers: Watched, open_worker: OpenWorker
) -> None:
    one, other = [await open_worker(servers.url) for _ in range(2)]
    said = await listen(one)
    await check_until_well(one)
    await hears(one, other, said, b"before")
    before, after = servers.primary, servers.replica
    assert clients(before)
    servers.hand_over()
    await eventually(lambda: role(after) == "master" and role(before) == "slave")
    await hears(one, other, said, b"after")
    await eventually(lambda: not clients(before))
    await check_until_well(one)


async def test_a_primary_that_is_killed_is_followed_by_its_replica(
    servers: Watched, open_worker: OpenWorker
) -> None:
    one, other = [await open_worker(servers.url) for _ in range(2)]
    said = await listen(one)
    await check_until_well(one)
    await one.presence.enter("lobby", "ada", "s1")
    fence = await one.leases.claim("feed", 60)
    await hears(one, other, said, b"before")
    with redis.Redis(port=servers.primary.port, socket_timeout=25) as client:
        client.set("mark", "written")  # WAIT is about what its own client wrote, and all before
        assert client.wait(1, 20_000) == 1
    servers.primary.kill()
    with pytest.raises(Unavailable):
        await one.check()
    await check_until_well(one)
    await check_until_well(other)
    assert await other.presence.members("lobby", 10) == ["ada"]
    assert await one.leases.claim("feed", 60) == fence
    assert await other.leases.claim("feed", 60) is None
    await hears(one, other, said, b"after")


async def test_passwords_of_the_servers_and_of_the_sentinels(
    tmp_path: Path, open_worker: OpenWorker, caplog: pytest.LogCaptureFixture
) -> None:
    options = ("--requirepass", "p@ss", "--masterauth", "p@ss")
    with watched(tmp_path, *options, who=("auth-pass p@ss",), own=("requirepass s3cret",)) as there:
        there.wait_until_replicated(password="s3cret")
        url = f"redis+sentinel://:p%40ss@{there.hosts}/1/main?sentinel_password="
        good = await open_worker(f"{url}s3cret")
        await check_until_well(good)
        assert good.link.client.connection_pool.connection_kwargs["db"] == 1
        bad = await open_worker(f"{url}wr0ng")
        with pytest.raises(Unavailable):
            await bad.check()
        for secret in ("p@ss", "p%40ss", "s3cret", "wr0ng"):
            assert secret not in caplog.text


@LEFT_BY_HANDSHAKES
@pytest.mark.usefixtures("collected")
async def test_tls_to_the_sentinels_and_to_the_primary(
    tmp_path: Path, certificate: Path, open_worker: OpenWorker
) -> None:
    with watched_by_tls(tmp_path / "servers", certificate) as (url, primary):
        one, other = [await open_worker(url) for _ in range(2)]
        said = await listen(one)
        await check_until_well(one)
        await hears(one, other, said, b"by TLS")
        assert one.link.primary is not None
        assert one.link.primary.address == ("127.0.0.1", primary)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://one:26379,two:26380/0/main",
        "valkey+sentinel://user:pw@one:26379/3/main",
        "redis+sentinel://:pw@one:1,two:2,three:3//main",
    ],
)
def test_the_form_is_that_of_socketios_own_managers(url: str) -> None:
    """So that a writer elsewhere takes the same URL."""
    addresses, service_name, options = parse_redis_sentinel_url(url)
    here = sentinels(url)
    assert here is not None
    assert (here.addresses, here.service_name) == (addresses, service_name)
    host = ":".join(map(str, addresses[0]))
    assert plain_url(url).endswith(f"{host}/{options.get('db', '')}")


def test_what_is_for_whom() -> None:
    query = "sentinel_username=s&sentinel_password=t%40&ssl_ca_certs=f"
    url = f"rediss+sentinel://u:p@one/0/main?{query}"
    here = sentinels(url)
    assert here is not None
    assert here.addresses == [("one", 26379)]
    assert here.options == {"username": "s", "password": "t@", "ssl": True, "ssl_ca_certs": "f"}
    assert plain_url(url) == "rediss://u:p@one/0?ssl_ca_certs=f"
