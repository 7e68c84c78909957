"""Deadlines come, once, in time, and leave nothing behind."""

import asyncio
import time

from {{cookiecutter.package_name}}.runtime.engine.wheel import TICK, Wheel


class Item:
    def __init__(self) -> None:
        self.due = 0
        self.times: list[float] = []

    def on_time(self) -> None:
        self.times.append(time.monotonic())


async def test_it_comes_neither_early_nor_late() -> None:
    wheel, items, began = Wheel(), [Item() for _ in range(20)], time.monotonic()
    for number, item in enumerate(items):
        wheel.set(item, number / 25)
    await asyncio.sleep(20 / 25 + 4 * TICK)
    for number, item in enumerate(items):
        [when] = item.times
        assert number / 25 <= when - began < number / 25 + 3 * TICK + 0.2
    assert len(wheel) == 0


async def test_a_new_deadline_replaces_the_old() -> None:
    wheel, item = Wheel(), Item()
    wheel.set(item, 0.1)
    wheel.set(item, 0.5)
    await asyncio.sleep(0.4)
    assert item.times == []
    await asyncio.sleep(0.5)
    assert len(item.times) == 1


async def test_a_cancelled_one_does_not_come() -> None:
    wheel, item = Wheel(), Item()
    wheel.set(item, 0.1)
    wheel.cancel(item)
    wheel.cancel(item)
    assert len(wheel) == 0
    await asyncio.sleep(0.4)
    assert item.times == []


async def test_its_timer_rests_while_nothing_is_due() -> None:
    wheel, item = Wheel(), Item()
    wheel.set(item, 0.1)
    await asyncio.sleep(0.6)
    assert wheel._timer is None
    wheel.set(item, 0.1)
    await asyncio.sleep(0.4)
    assert len(item.times) == 2
