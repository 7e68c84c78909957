"""One worker publishes, and another takes over when it cannot any more."""

from datetime import UTC, datetime

import pytest

from {{cookiecutter.package_name}}.domain.errors import Unavailable
from {{cookiecutter.package_name}}.domain.ticks import Tick
from {{cookiecutter.package_name}}.ports import StaleFence
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services import producer
from {{cookiecutter.package_name}}.services.producer import Producer
from {{cookiecutter.package_name}}.services.simulation import START, SimulatedMarket

from ...support.waiting import until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Leases:
    """One lease for several workers, whose time never runs out by itself."""

    def __init__(self) -> None:
        self.holder: object = None
        self.fence = 0


class Lease:
    """How one worker sees it."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.cut_off = False

    async def claim(self, name: str, seconds: float) -> int | None:
        if self.cut_off:
            raise Unavailable("store")
        if self.leases.holder is None:
            self.leases.holder = self
            self.leases.fence += 1
        return self.leases.fence if self.leases.holder is self else None

    async def release(self, name: str) -> None:
        self.leases.holder = None


class Publisher:
    """Takes what comes with the highest fence."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.fences: list[int] = []
        self.refused = 0

    async def publish(self, ticks: list[Tick], *, fence: int) -> int:
        if fence < self.leases.fence:
            self.refused += 1
            raise StaleFence
        self.fences.append(fence)
        return len(ticks)


class Source:
    interval = 0.01

    def __init__(self, fails: int) -> None:
        self.fails = fails

    async def read(self) -> list[Tick]:
        if self.fails:
            self.fails -= 1
            raise ValueError("the page has changed")
        return [Tick("ACME", 1.0, NOW)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer, "LEASE_SECONDS", 30)  # longer than anything is waited for
    monkeypatch.setattr(producer, "RENEWAL_SECONDS", 0.05)
    monkeypatch.setattr(producer, "PAUSE_SECONDS", 0.01)


class Cluster:
    def __init__(self) -> None:
        self.leases = Leases()
        self.feed = Publisher(self.leases)
        self.tasks: list[mode.Task] = []

    def worker(self, fails: int = 0) -> tuple[Producer, Lease]:
        lease, source = Lease(self.leases), Source(fails)
        worker = Producer(source, self.feed, lease)  # type: ignore[arg-type]
        self.tasks += [mode.spawn(worker.hold), mode.spawn(worker.publish)]
        return worker, lease

    async def stop(self) -> None:
        await mode.stop(*self.tasks)


async def test_one_of_several_publishes_and_another_takes_over() -> None:
    cluster = Cluster()
    first, lease = cluster.worker()
    await until(lambda: len(cluster.feed.fences) > 3)
    second, _ = cluster.worker()
    await mode.sleep(0.1)
    assert (first.fence, second.fence) == (1, None)
    lease.cut_off = True  # or it would ask again
    await first.leave(1.0)
    await until(lambda: second.fence == 2)
    before = len(cluster.feed.fences)
    await until(lambda: len(cluster.feed.fences) > before + 3)
    assert set(cluster.feed.fences[before + 1 :]) == {2}
    await cluster.stop()


async def test_who_cannot_renew_stops_when_the_lease_runs_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(producer, "LEASE_SECONDS", 0.3)
    cluster = Cluster()
    worker, lease = cluster.worker()
    await until(lambda: cluster.feed.fences)
    lease.cut_off = True
    await until(lambda: worker.fence is None)
    published = len(cluster.feed.fences)
    await mode.sleep(0.1)
    assert len(cluster.feed.fences) <= published + 1
    await cluster.stop()


async def test_whoever_is_late_is_refused_and_stops() -> None:
    cluster = Cluster()
    first, lease = cluster.worker()
    await until(lambda: cluster.feed.fences)
    lease.cut_off = True  # or it might ask before it publishes
    cluster.leases.holder = None
    cluster.leases.fence += 1  # somebody else had it meanwhile
    await until(lambda: cluster.feed.refused and first.fence is None)
    lease.cut_off = False
    await until(lambda: first.fence == 3)
    await cluster.stop()


async def test_a_source_that_fails_is_read_again(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster()
    cluster.worker(fails=2)
    await until(lambda: cluster.feed.fences)
    assert caplog.text.count("the source of the feed failed") == 2
    await cluster.stop()


async def test_the_simulated_market_moves() -> None:
    market = SimulatedMarket(lambda: NOW, seed=1)
    seen = [tick for _ in range(50) for tick in await market.read()]
    assert {tick.symbol for tick in seen} == set(START)
    assert all(tick.price > 0 for tick in seen)
    assert len({tick.price for tick in seen}) > 20
