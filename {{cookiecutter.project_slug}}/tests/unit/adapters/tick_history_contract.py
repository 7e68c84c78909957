"""What every tick history must do, wherever it keeps them.

A history's own test module subclasses :class:`TickHistoryContract` and gives it a fixture
``history``: an empty one.
"""

from datetime import UTC, datetime, timedelta

from {{cookiecutter.package_name}}.domain.ticks import Candle, Tick, moment
from {{cookiecutter.package_name}}.ports import TickHistory

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def tick(symbol: str, price: float, seconds: float = 0) -> Tick:
    return Tick(symbol, price, NOON + timedelta(seconds=seconds))


class TickHistoryContract:
    async def test_nothing_yet(self, history: TickHistory) -> None:
        await history.record([])
        assert await history.ticks("A", None, 10) == []
        assert await history.candles("A", None, 10) == []

    async def test_newest_first_whenever_they_came(self, history: TickHistory) -> None:
        await history.record([tick("A", 2.5, 2), tick("B", 9, 1)])
        await history.record([tick("A", 3, 3), tick("A", -1, 1.000001)])
        assert await history.ticks("A", None, 10) == [
            tick("A", 3, 3),
            tick("A", 2.5, 2),
            tick("A", -1, 1.000001),
        ]
        assert await history.ticks("A", None, 1) == [tick("A", 3, 3)]

    async def test_each_once(self, history: TickHistory) -> None:
        batch = [tick("A", 1, 1), tick("A", 1, 1), tick("A", 2, 1)]
        for _ in range(2):
            await history.record(batch)
        assert len(await history.ticks("A", None, 10)) == 2
        [candle] = await history.candles("A", None, 10)
        assert candle.count == 2

    async def test_pages_hold_every_tick_once_also_of_one_moment(
        self, history: TickHistory
    ) -> None:
        ticks = [tick("A", number, number // 10) for number in range(95)]
        await history.record(ticks)
        seen: list[Tick] = []
        before = None
        while page := await history.ticks("A", before, 7):
            seen += page
            before = moment(page[-1])
        assert seen == ticks[::-1]

    async def test_candles_add_up(self, history: TickHistory) -> None:
        await history.record([tick("A", 10, 30), tick("A", 14, 40), tick("A", 5, 70)])
        await history.record([tick("A", 8, 20), tick("A", 12, 50), tick("B", 1, 50)])
        later = NOON + timedelta(minutes=1)
        assert await history.candles("A", None, 10) == [
            Candle("A", later, open=5, high=5, low=5, close=5, count=1),
            Candle("A", NOON, open=8, high=14, low=8, close=12, count=4),
        ]
        assert [c.minute for c in await history.candles("A", later, 10)] == [NOON]
        assert len(await history.candles("A", None, 1)) == 1
