"""Rooms under real threads, which python-socketio's tables are not made for."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from socketio import AsyncManager

from {{cookiecutter.package_name}}.runtime.acceptance import accepted_only

from ...support.waiting import DEADLINE
from .test_memberships import prepared

PATH = "/chat"


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that change after a few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def manager() -> AsyncManager:
    return prepared(accepted_only(AsyncManager()))


@pytest.mark.usefixtures("hurried")
def test_nothing_is_lost_or_kept_where_many_come_and_go(manager: AsyncManager) -> None:
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


class Slow(list[str]):
    def remove(self, sid: str) -> None:
        super().remove(sid)
        time.sleep(0.05)  # the other thread's turn


async def test_two_handshakes_may_end_at_once(manager: AsyncManager) -> None:
    manager.pending_connect[PATH] = Slow()
    sids = [await manager.pre_connect(f"e{number}", PATH) for number in range(2)]
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(manager.connect, sid, PATH) for sid in sids]
        assert [done.result(DEADLINE) for done in found] == sids
    assert manager.pending_connect == {}


class Asked(dict[str, list[str]]):
    """A table that says what was in it until a moment ago."""

    def __init__(self, *pending: str) -> None:
        super().__init__({PATH: list(pending)})
        self.at = threading.Event()

    def __contains__(self, namespace: object) -> bool:
        found = super().__contains__(namespace)
        self.at.set()
        time.sleep(0.05)  # the other thread's turn
        return found


async def test_one_may_come_as_another_leaves(manager: AsyncManager) -> None:
    leaves = await manager.pre_connect("e0", PATH)
    manager.pending_connect = table = Asked(leaves)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(manager.pre_connect, "e1", PATH)
        assert table.at.wait(DEADLINE)
        manager.basic_disconnect(leaves, PATH)
        assert dict(table) == {PATH: [coming.result(DEADLINE)]}


async def test_two_may_leave_at_once(manager: AsyncManager) -> None:
    one, other = [await manager.connect(f"e{number}", PATH) for number in range(2)]
    manager.pending_disconnect = table = Asked(one)
    with ThreadPoolExecutor(1) as thread:
        leaving = thread.submit(manager.pre_disconnect, other, PATH)
        assert table.at.wait(DEADLINE)
        manager.basic_disconnect(one, PATH)
        assert leaving.result(DEADLINE) == "e1"
    assert dict(table) == {PATH: [other]}
