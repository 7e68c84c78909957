"""Rooms under real threads, which python-socketio's tables are not made for."""

import itertools
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from socketio import AsyncManager

from {{cookiecutter.package_name}}.runtime.acceptance import accepted_only

PATH = "/chat"


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that change after a few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hurried")
def test_nothing_is_lost_or_kept_where_many_come_and_go() -> None:
    manager = accepted_only(AsyncManager())
    numbers = itertools.count()
    eio = SimpleNamespace(generate_id=lambda: f"s{next(numbers)}")
    manager.set_server(SimpleNamespace(eio=eio, packet_class=SimpleNamespace(json=None)))

    async def come_and_go(thread: int) -> None:
        for number in range(2000):
            sid = await manager.pre_connect(f"e{thread}-{number}", PATH)
            assert await manager.connect(sid, PATH) == sid
            assert manager.is_connected(sid, PATH)
            for room in ("a", "b"):
                manager.basic_enter_room(sid, PATH, room)
            manager.basic_leave_room(sid, PATH, "a")
            manager.pre_disconnect(sid, PATH)
            manager.basic_disconnect(sid, PATH)

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(come_and_go, thread) for thread in range(6)]:
            done.result()
    tables = (manager.rooms, manager.pending_connect, manager.pending_disconnect, manager._joined)
    assert tables == ({}, {}, {}, {})
