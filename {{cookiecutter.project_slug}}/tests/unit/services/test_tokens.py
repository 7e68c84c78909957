"""A revocation is stored, carried out here, and told to the other workers."""

from datetime import UTC, datetime

import pytest

from {{cookiecutter.package_name}}.adapters.memory import MemoryRevocations
from {{cookiecutter.package_name}}.services.tokens import Tokens

from .conftest import Signals, Wires

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Sessions:
    """Writes down what it is told to end."""

    def __init__(self) -> None:
        self.ended: list[object] = []

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
