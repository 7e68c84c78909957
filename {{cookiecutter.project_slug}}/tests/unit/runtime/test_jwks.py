"""Key sets: cached, rotated without a restart, and no stampede when their server is down."""

import time
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from {{cookiecutter.package_name}}.runtime import jwks, mode
from {{cookiecutter.package_name}}.runtime.jwks import (
    JwksClient,
    KeysUnavailable,
    UnknownKey,
)

from ...support.waiting import eventually, until
from .test_tokens import key_set

OLD, NEW = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class KeyServer:
    """Counts fetches; answers with `document`, or fails while that is ``None``."""

    def __init__(self, document: bytes | None) -> None:
        self.document = document
        self.fetches = 0
        self.delay = 0.0
        self.held = False
        self.now = 1000.0

    def fetch(self, url: str) -> bytes:
        self.fetches += 1
        time.sleep(self.delay)
        eventually(lambda: not self.held, 10)
        if self.document is None:
            raise OSError("down")
        return self.document

    def client(self) -> JwksClient:
        return JwksClient("https://keys", fetch=self.fetch, now=lambda: self.now)


async def test_one_fetch_serves_many() -> None:
    server = KeyServer(key_set(("old", OLD)))
    server.delay = 0.05
    client = server.client()
    keys = await mode.together(*(partial(client.key, "old") for _ in range(20)))
    assert [getattr(key, "key_id", key) for key in keys] == ["old"] * 20
    assert server.fetches == 1


async def test_the_only_key_needs_no_name() -> None:
    client = KeyServer(key_set(("old", OLD))).client()
    assert (await client.key(None)).key_id == "old"


async def test_a_rotated_key_is_found_without_a_restart() -> None:
    server = KeyServer(key_set(("old", OLD)))
    client = server.client()
    await client.key("old")
    server.document = key_set(("old", OLD), ("new", NEW))
    server.now += jwks.COOLDOWN
    assert (await client.key("new")).key_id == "new"


async def test_a_withdrawn_key_is_forgotten() -> None:
    server = KeyServer(key_set(("old", OLD)))
    client = server.client()
    await client.key("old")
    server.document = key_set(("new", NEW))
    server.now += jwks.MAX_AGE + 1
    await client.key("old")  # answered from memory, and a refresh begun
    await until(lambda: not client._refreshing)
    with pytest.raises(UnknownKey):
        await client.key("old")


async def test_a_dead_key_server_is_asked_once_in_a_while() -> None:
    server = KeyServer(None)
    client = server.client()
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            await client.key("old")
    assert server.fetches == 1


async def test_a_dead_key_server_stalls_nobody_whose_key_is_known() -> None:
    server = KeyServer(key_set(("old", OLD)))
    client = server.client()
    await client.key("old")
    server.document, server.held = None, True
    server.now += jwks.MAX_AGE + 1
    for _ in range(20):
        await client.key("old")
    server.held = False
    await until(lambda: not client._refreshing)
    assert server.fetches == 2


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": []}', b"\xff\xfe", b'{"keys": [1]}']
)
async def test_nonsense_is_no_key_set(document: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        await KeyServer(document).client().key("old")
