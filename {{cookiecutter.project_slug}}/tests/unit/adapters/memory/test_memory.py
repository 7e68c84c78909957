"""The stores that one worker alone uses."""

from datetime import UTC, datetime, timedelta

import pytest

from {{cookiecutter.package_name}}.adapters.memory import (
    MemoryLimiter,
    MemoryMessageLog,
    MemoryPresence,
    MemoryRevocations,
    MemoryTickHistory,
    MemoryTickStore,
)
from {{cookiecutter.package_name}}.domain.events import Position
from {{cookiecutter.package_name}}.domain.policies import Rate

from ..message_log_contract import HISTORY_SIZE, BoundedLogContract, fill
from ..tick_history_contract import TickHistoryContract
from ..tick_store_contract import TickStoreContract, put, tick

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class TestMemoryMessageLog(BoundedLogContract):
    @pytest.fixture
    def log(self) -> MemoryMessageLog:
        return MemoryMessageLog(HISTORY_SIZE)

    async def test_rooms_unused_for_longest_are_forgotten(self) -> None:
        log = MemoryMessageLog(HISTORY_SIZE, max_rooms=3)
        epochs = {room: await fill(log, 2, room) for room in ("a", "b", "c")}
        await log.replay("a", None, 1)
        await fill(log, 1, "d")

        assert (await log.replay("a", Position(epochs["a"], 1), 10)).complete
        gone = await log.replay("b", Position(epochs["b"], 1), 10)
        assert (gone.complete, gone.head.offset) == (False, 0)
        assert gone.head.epoch != epochs["b"]

    async def test_messages_are_bounded_over_all_rooms(self) -> None:
        log = MemoryMessageLog(HISTORY_SIZE, max_messages=3 * HISTORY_SIZE)
        for number in range(10):
            await fill(log, HISTORY_SIZE, f"room-{number}")
        held = [await log.before(f"room-{number}", None, 100) for number in range(10)]
        assert [len(messages) for messages in held] == [0] * 7 + [HISTORY_SIZE] * 3


async def test_a_user_counts_once_over_sockets() -> None:
    presence = MemoryPresence()
    assert await presence.enter("lobby", "bob", "s0")
    assert await presence.enter("lobby", "ada", "s1")
    assert not await presence.enter("lobby", "ada", "s1")
    assert not await presence.enter("lobby", "ada", "s2")
    assert await presence.members("lobby", 10) == ["ada", "bob"]
    assert await presence.members("lobby", 1) == ["ada"]
    assert not await presence.leave("lobby", "ada", "s1")
    assert await presence.leave("lobby", "ada", "s2")
    assert not await presence.leave("lobby", "ada", "s2")
    assert await presence.leave("lobby", "bob", "s0")
    assert await presence.members("lobby", 10) == []
    assert await presence.sockets() == []
    assert await presence.beat() == ([], [], [])


async def test_limits_are_counted_apart() -> None:
    limiter, rate = MemoryLimiter(), Rate(limit=1, period=60, burst=1)
    for name, key in (("event", "ada"), ("event", "bob"), ("http", "ada")):
        assert await limiter.hit(name, rate, key) == 0.0
        assert 59 < await limiter.hit(name, rate, key) <= 60


async def test_revocations() -> None:
    revocations = MemoryRevocations(max_entries=2)
    await revocations.revoke_token("j1")
    await revocations.revoke_subject("ada", NOW)
    await revocations.revoke_subject("ada", NOW - timedelta(days=1))
    assert await revocations.is_revoked("j1", "bob", NOW)
    assert not await revocations.is_revoked("j2", "bob", NOW)
    assert await revocations.is_revoked(None, "ada", NOW)
    assert not await revocations.is_revoked("j2", "ada", NOW + timedelta(seconds=1))

    for number in range(2):
        await revocations.revoke_token(f"newer-{number}")
    assert not await revocations.is_revoked("j1", "bob", NOW)


class TestMemoryTickStore(TickStoreContract):
    @pytest.fixture
    def store(self) -> MemoryTickStore:
        return MemoryTickStore()

    async def test_it_is_bounded(self) -> None:
        store = MemoryTickStore(max_symbols=2, max_keys=2)
        for number, symbol in enumerate("ABCA"):
            assert await put(store, tick(symbol, number), key=f"k{number}")
        assert set(await store.latest("ABC")) == {"A", "C"}
        assert await put(store, tick("A", 0), key="k0")


class TestMemoryTickHistory(TickHistoryContract):
    @pytest.fixture
    def history(self) -> MemoryTickHistory:
        return MemoryTickHistory()

    async def test_it_is_bounded(self) -> None:
        history = MemoryTickHistory(max_ticks=3, max_symbols=2)
        for number, symbol in enumerate("ABCA"):
            await history.record([tick(symbol, number, second) for second in range(5)])
        assert [len(await history.ticks(symbol, None, 10)) for symbol in "ABC"] == [3, 0, 3]
