"""Deadlines come, once, in time, and leave nothing behind."""

import time
from collections.abc import Iterator

import pytest

from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.runtime.wheel import TICK, Wheel

from ...support.waiting import until


class Item:
    def __init__(self, fails: bool = False) -> None:
        self.due = 0
        self.times: list[float] = []
        self._fails = fails

    def on_time(self) -> None:
        self.times.append(time.monotonic())
        if self._fails:
            raise RuntimeError("on purpose")


@pytest.fixture
def wheel() -> Iterator[Wheel]:
    wheel = Wheel()
    turning = mode.spawn(wheel.run)
    yield wheel
    mode.stop(turning)


def test_none_comes_early_and_all_come(wheel: Wheel) -> None:
    items, began = [Item() for _ in range(20)], time.monotonic()
    for number, item in enumerate(items):
        wheel.set(item, number / 25)
    until(lambda: all(item.times for item in items))
    for number, item in enumerate(items):
        [when] = item.times
        assert number / 25 <= when - began
    assert len(wheel) == 0


def test_a_new_deadline_replaces_the_old(wheel: Wheel) -> None:
    item, began = Item(), time.monotonic()
    wheel.set(item, 0.1)
    wheel.set(item, 0.5)
    until(lambda: item.times)
    mode.sleep(3 * TICK)
    [when] = item.times
    assert when - began >= 0.5


def test_a_cancelled_one_does_not_come(wheel: Wheel) -> None:
    item, other = Item(), Item()
    wheel.set(item, 0.1)
    wheel.set(other, 0.3)
    wheel.cancel(item)
    wheel.cancel(item)
    assert len(wheel) == 1
    until(lambda: other.times)
    assert item.times == []
    assert wheel._slots == {}


def test_one_that_fails_does_not_keep_the_others(
    wheel: Wheel, caplog: pytest.LogCaptureFixture
) -> None:
    items = [Item(fails=True) for _ in range(3)]
    for item in items:
        wheel.set(item, 0.1)
    until(lambda: all(item.times for item in items))
    assert "a deadline could not be seen to" in caplog.text
