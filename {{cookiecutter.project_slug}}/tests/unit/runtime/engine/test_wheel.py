"""Deadlines come, once, in time, and leave nothing behind."""

import asyncio
import time

from {{cookiecutter.package_name}}.runtime.engine.wheel import TICK, Wheel

from ....support.waiting import until


class Item:
    def __init__(self) -> None:
        self.due = 0
        self.times: list[float] = []

    def on_time(self) -> None:
        self.times.append(time.monotonic())


async def test_it_comes_neither_early_nor_late() -> None:
    wheel, items, began = Wheel(), [Item() for _ in range(20)], time.monotonic()
    loop, come = asyncio.get_running_loop(), list[int]()
    for number, item in enumerate(items):
        wheel.set(item, number / 25)
        # A timer of the loop, because what holds up the loop makes both of them late.
        loop.call_later(number / 25 + 5 * TICK, lambda item: come.append(len(item.times)), item)
    await until(lambda: len(come) == 20)
    assert come == [1] * 20
    for number, item in enumerate(items):
        [when] = item.times
        assert number / 25 <= when - began
    assert len(wheel) == 0


async def test_a_new_deadline_replaces_the_old() -> None:
    wheel, item, began = Wheel(), Item(), time.monotonic()
    wheel.set(item, 0.1)
    wheel.set(item, 0.5)
    await until(lambda: item.times)
    await asyncio.sleep(3 * TICK)
    [when] = item.times
    assert when - began >= 0.5


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
    await until(lambda: wheel._timer is None)
    assert len(item.times) == 1
    wheel.set(item, 0.1)
    await until(lambda: len(item.times) == 2)
