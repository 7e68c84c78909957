"""What was published gets into the history: in batches, later, and also when the worker ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from {{cookiecutter.package_name}}.adapters.memory import MemoryTickHistory
from {{cookiecutter.package_name}}.domain.errors import Refused, Unavailable
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services import recorder as module
from {{cookiecutter.package_name}}.services.recorder import Recorder, open_recorder

from ...support.waiting import until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ticks(count: int) -> list[Tick]:
    return [Tick("A", number, NOW + timedelta(seconds=number)) for number in range(count)]


class History(MemoryTickHistory):
    """`fails` times, it does not answer; writes down how many it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = 0
        self.refuses = False
        self.sizes: list[int] = []

    async def record(self, ticks: Sequence[Tick]) -> None:
        self.sizes.append(len(ticks))
        await mode.sleep(0.01)
        if self.fails:
            self.fails -= 1
            raise Unavailable("database")
        if self.refuses:
            raise Refused("invalid_payload", "it cannot hold that")
        await super().record(ticks)

    async def count(self) -> int:
        return len(await self.ticks("A", None, 100_000))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)


async def test_they_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COLLECT_SECONDS", 2)
    history = History()
    async with open_recorder(history) as recorder:
        for tick in ticks(100):
            recorder.add([tick])
            await mode.sleep(0.001)
        await until(lambda: len(recorder) == 0)
        assert await history.count() == 100
        assert len(history.sizes) == 1


async def test_what_waits_at_the_end_is_written() -> None:
    history = History()
    async with open_recorder(history) as recorder:
        recorder.add(ticks(4500))
    assert await history.count() == 4500
    assert max(history.sizes) <= 2000


async def test_a_history_that_does_not_answer_is_asked_again() -> None:
    history = History()
    history.fails = 3
    async with open_recorder(history) as recorder:
        recorder.add(ticks(10))
        await until(lambda: len(recorder) == 0)
    assert await history.count() == 10
    assert history.sizes == [10] * 4


async def test_what_it_cannot_hold_does_not_block_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = History()
    history.refuses = True
    async with open_recorder(history) as recorder:
        recorder.add(ticks(10))
        await until(lambda: len(recorder) == 0)
        history.refuses = False
        recorder.add(ticks(5))
    assert await history.count() == 5
    assert "ticks cannot be stored" in caplog.text


async def test_when_it_is_too_far_behind_publishing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    recorder = Recorder(History())
    recorder.add(ticks(9))
    recorder.require_room()
    recorder.add(ticks(9))
    with pytest.raises(Refused) as refused:
        recorder.require_room()
    assert refused.value.code == "overloaded"


async def test_what_could_not_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    history = History()
    history.fails = 1_000_000
    recorder = Recorder(history)
    recorder.add(ticks(3))
    await recorder.flush()
    assert "3 ticks were not stored" in caplog.text
