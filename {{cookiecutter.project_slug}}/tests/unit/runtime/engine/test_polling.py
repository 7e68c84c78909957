"""Clients that poll, and those who move on to a WebSocket."""

import asyncio
import time

import pytest
from engineio.packet import MESSAGE, Packet

from {{cookiecutter.package_name}}.runtime.engine.upgrade import UpgradedSession

from ....support.waiting import until
from .serving import Fast


async def test_an_upgrade_hides_no_gap() -> None:
    """What overflowed while the client polled is lost: the session ends."""
    engine = Fast().server.eio
    polling = engine.sockets["p"] = engine.socket_class(engine, "p")
    upgraded = UpgradedSession(engine, polling)
    for _ in range(3):
        polling.queue.put_nowait(Packet(MESSAGE, "x" * 600_000))
    upgraded.received("5")
    assert engine.sockets["p"] is polling
    assert not polling.closed


async def test_a_poll_is_one_whatever_a_proxy_says_of_the_connection() -> None:
    """Some say "upgrade" of every request; what ends a poll has to find this one."""
    engine = Fast().server.eio
    client = engine.socket_class(engine, "p")
    client.heard = time.monotonic()
    request = {"HTTP_CONNECTION": "upgrade", "asgi.receive": asyncio.Event().wait}
    poll = asyncio.create_task(client.handle_get_request(request))
    await until(lambda: client.polling)
    client.queue.put_nowait(Packet(MESSAGE, "something"))
    assert [packet.data for packet in await poll] == ["something"]
    assert not client.polling


async def test_a_poll_that_is_cut_off_leaves_nothing_running() -> None:
    engine = Fast().server.eio
    client = engine.socket_class(engine, "p")
    client.heard = time.monotonic()
    before = asyncio.all_tasks()
    never = asyncio.Event()
    poll = asyncio.create_task(client.handle_get_request({"asgi.receive": never.wait}))
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks() - before) >= 3  # one more in Python 3.11
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    assert asyncio.all_tasks() == before
