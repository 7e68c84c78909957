"""The export reads a day page by page, and sums it up as if it had been read at once."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from {{cookiecutter.package_name}}.adapters.memory import MemoryTickHistory
from {{cookiecutter.package_name}}.domain.errors import Refused
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.services import export as module
from {{cookiecutter.package_name}}.services.export import export

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ARGUMENTS = {"symbol": "A", "day": "2026-03-01"}
END = timedelta(days=1)


async def made(*ticks: Tick) -> tuple[list[str], list[int]]:
    """The lines below the first, and the progress."""
    history = MemoryTickHistory()
    await history.record(ticks)
    progress: list[int] = []

    async def report(percent: int) -> None:
        progress.append(percent)

    first, *lines = (await export(history, ARGUMENTS, report)).splitlines()
    assert first == "minute,open,high,low,close,count"
    return lines, progress


def tick(seconds: float, price: float, symbol: str = "A") -> Tick:
    return Tick(symbol, float(price), DAY + timedelta(seconds=seconds))


async def test_a_line_for_each_minute_oldest_first() -> None:
    ticks = [tick(61, 5), tick(0, 2), tick(59, 1), tick(30, 3)]
    lines, _ = await made(*ticks)
    assert lines == [
        "2026-03-01T00:00:00Z,2.0,3.0,1.0,1.0,3",
        "2026-03-01T00:01:00Z,5.0,5.0,5.0,5.0,1",
    ]


async def test_from_midnight_to_midnight_of_one_symbol() -> None:
    day = END.total_seconds()
    within = [tick(0, 1), tick(day - 0.001, 2)]
    lines, _ = await made(*within, tick(-0.001, 9), tick(day, 9), tick(100, 9, "B"))
    assert [line[:16] for line in lines] == ["2026-03-01T00:00", "2026-03-01T23:59"]


async def test_nothing_at_all() -> None:
    assert await made() == ([], [])


@pytest.mark.parametrize("size", [1, 2, 7, 59, 60, 61, 119, 1000])
async def test_pages_cut_no_minute_in_two(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = [tick(10 * number, number % 7) for number in range(120)]
    whole, _ = await made(*ticks)
    assert len(whole) == 20
    monkeypatch.setattr(module, "PAGE", size)
    lines, progress = await made(*ticks, tick(-1, 9))
    assert lines == whole
    assert len(progress) == 120 // size
    assert progress == sorted(progress)


async def test_too_many_ticks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 10)
    monkeypatch.setattr(module, "MAX_TICKS", 50)
    with pytest.raises(Refused) as refused:
        await made(*(tick(number, 1) for number in range(70)))
    assert refused.value.code == "too_large"


async def test_wrong_arguments() -> None:
    history = MemoryTickHistory()

    async def report(percent: int) -> None: ...

    with pytest.raises(msgspec.ValidationError):
        await export(history, {"symbol": "A", "day": "2026-02-30"}, report)
