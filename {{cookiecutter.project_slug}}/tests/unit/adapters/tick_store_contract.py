"""What every tick store must do, wherever it keeps them.

A store's own test module subclasses :class:`TickStoreContract` and gives it a fixture ``store``.
"""

from datetime import UTC, datetime, timedelta

import pytest

from {{cookiecutter.package_name}}.domain.errors import Refused
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.ports import TickStore

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def tick(symbol: str, price: float, seconds: float = 0) -> Tick:
    return Tick(symbol, price, NOW + timedelta(seconds=seconds))


async def put(store: TickStore, *ticks: Tick, key: str | None = None) -> bool:
    return await store.put(ticks, key=key, fence=None)


class TickStoreContract:
    async def test_the_latest_of_each_symbol(self, store: TickStore) -> None:
        assert await store.latest(["A", "B"]) == {}
        assert await put(store, tick("A", 1.25), tick("A", 3, 2), tick("A", 2, 1), tick("B", -4))
        assert await store.latest(["A", "B", "C"]) == {"A": tick("A", 3, 2), "B": tick("B", -4)}
        assert await store.latest([]) == {}

    async def test_by_their_times_and_not_by_when_they_come(self, store: TickStore) -> None:
        before_1970 = Tick("A", 0.5, datetime(1969, 1, 1, tzinfo=UTC))
        await put(store, before_1970)
        assert await store.latest(["A"]) == {"A": before_1970}
        await put(store, tick("A", 2, 2))
        assert await put(store, tick("A", 1, 1))
        assert (await store.latest(["A"]))["A"].price == 2
        await put(store, tick("A", 9, 2))
        assert (await store.latest(["A"]))["A"].price == 9

    async def test_a_batch_with_a_key_is_taken_once(self, store: TickStore) -> None:
        assert await put(store, tick("A", 1), key="k")
        assert await put(store, tick("A", 2, 1))
        assert not await put(store, tick("A", 1), key="k")
        with pytest.raises(Refused, match="other ticks"):
            await put(store, tick("A", 7, 9), key="k")
        assert await put(store, tick("A", 3, 2), key="k2")
        assert (await store.latest(["A"]))["A"].price == 3
