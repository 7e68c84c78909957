"""A revocation is stored, carried out here, and told to the other workers."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from {{cookiecutter.package_name}}.adapters.memory import MemoryRevocations
from {{cookiecutter.package_name}}.services.tokens import Tokens

from .conftest import Signals, Wires

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Token(NamedTuple):
    jti: str | None
    sub: str
    issued_at: datetime = NOW


class Sessions:
    """Writes down what it is told to end."""

    def __init__(self) -> None:
        self.ended: list[object] = []
        self.live: list[Token] = []

    def tokens(self) -> list[Token]:
        return self.live

    async def end_token(self, jti: str) -> int:
        self.ended.append(jti)
        return 1

    async def end_subject(self, sub: str, issued_until: datetime) -> int:
        self.ended.append((sub, issued_until))
        return 1


@pytest.fixture
def workers() -> tuple[MemoryRevocations, list[Tokens], list[Sessions]]:
    store, wires = MemoryRevocations(), Wires()
    sessions = [Sessions(), Sessions()]
    tokens = [Tokens(store, s, Signals(wires), lambda: NOW) for s in sessions]
    return store, tokens, sessions


async def test_what_was_revoked_while_it_heard_nothing_ends_afterwards() -> None:
    store, sessions, signals = MemoryRevocations(), Sessions(), Signals(Wires())
    Tokens(store, sessions, signals, lambda: NOW)
    named = [Token(f"t{number}", "eve") for number in range(1200)]
    sessions.live = [Token("t-ada", "ada"), Token(None, "bob"), Token(None, "cy"), *named]
    await store.revoke_subject("ada", NOW)
    await store.revoke_subject("bob", NOW)
    await store.revoke_token("t1100")
    [check] = signals.reconnected
    await check()
    assert sessions.ended == ["t-ada", ("bob", NOW), "t1100"]


async def test_a_token(workers: tuple[MemoryRevocations, list[Tokens], list[Sessions]]) -> None:
    store, tokens, sessions = workers
    await tokens[0].revoke_token("t1")
    assert [s.ended for s in sessions] == [["t1"], ["t1"]]
    assert await store.is_revoked("t1", "ada", NOW)
    assert not await store.is_revoked("t2", "ada", NOW)


async def test_a_subject(workers: tuple[MemoryRevocations, list[Tokens], list[Sessions]]) -> None:
    store, tokens, sessions = workers
    await tokens[1].revoke_subject("ada")
    assert [s.ended for s in sessions] == [[("ada", NOW)], [("ada", NOW)]]
    assert await store.is_revoked(None, "ada", NOW)
    assert not await store.is_revoked(None, "ada", datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC))
