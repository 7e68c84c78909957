"""The rate limit algorithm."""

from threading import Thread

from {{cookiecutter.package_name}}.runtime.gcra import Gcra, Pace


class Clock:
    now = 1_000_000
    """Microseconds."""

    def __call__(self) -> int:
        return self.now * 1000


def test_the_burst_then_the_steady_rate() -> None:
    clock = Clock()
    limits = Gcra(clock=clock)
    pace = Pace.of(limit=10, period=1, burst=3)
    assert [limits.hit("ada", pace) for _ in range(4)] == [0.0, 0.0, 0.0, 0.1]
    clock.now += 99_999
    assert limits.hit("ada", pace) == 1e-6
    clock.now += 1
    assert limits.hit("ada", pace) == 0.0
    assert limits.hit("ada", pace) == 0.1


def test_refused_calls_cost_nothing() -> None:
    clock = Clock()
    limits = Gcra(clock=clock)
    pace = Pace.of(limit=1, period=10, burst=1)
    limits.hit("ada", pace)
    assert {limits.hit("ada", pace) for _ in range(100)} == {10.0}
    clock.now += 10_000_000
    assert limits.hit("ada", pace) == 0.0


def test_idle_time_earns_the_burst_and_no_more() -> None:
    clock = Clock()
    limits = Gcra(clock=clock)
    pace = Pace.of(limit=7, period=60, burst=5)  # an interval that is no whole microsecond
    for _ in range(3):
        assert [limits.hit("ada", pace) for _ in range(6)].count(0.0) == 5
        clock.now += 3600 * 1_000_000


def test_keys_are_bounded_and_the_busy_ones_stay() -> None:
    limits = Gcra(max_keys=10, clock=Clock())
    pace = Pace.of(limit=1, period=60, burst=1)
    limits.hit("busy", pace)
    for number in range(100):
        limits.hit(f"key-{number}", pace)
        assert limits.hit("busy", pace) > 0
    assert len(limits) == 10


def test_threads_together_get_exactly_the_burst() -> None:
    limits, pace, admitted = Gcra(), Pace.of(limit=1, period=3600, burst=1000), []

    def spend() -> None:
        for _ in range(500):
            if limits.hit("ada", pace) == 0.0:
                admitted.append(1)

    threads = [Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1000
