"""Who is told of whom, and how often."""

import time

import pytest

from {{cookiecutter.package_name}}.domain.events import Join
from {{cookiecutter.package_name}}.services import presence as presence_module

from ...support.waiting import until
from .conftest import Cluster, Worker

BATCH = 0.05


@pytest.fixture(autouse=True)
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "BATCH_SECONDS", BATCH)


async def join(worker: Worker, user: str) -> list[str]:
    return (await worker.chat.join(worker.member(user), Join("r"))).members


async def all_told(worker: Worker) -> None:
    def nothing_waits() -> bool:
        with worker.presence._guard:
            return not worker.presence._pending

    await until(nothing_waits)


async def test_the_first_arrival_is_told_at_once_and_not_to_itself(cluster: Cluster) -> None:
    worker = cluster.worker()
    assert await join(worker, "ada") == ["ada"]
    await all_told(worker)
    assert await join(worker, "bob") == ["ada", "bob"]
    assert worker.presence_told("ada") == [(["bob"], [])]
    assert worker.presence_told("bob") == []


async def test_many_arrivals_are_few_notices(cluster: Cluster) -> None:
    worker = cluster.worker()
    await join(worker, "ada")
    await all_told(worker)
    began = time.monotonic()
    for number in range(100):
        await join(worker, f"u{number:02}")
    took = time.monotonic() - began
    await all_told(worker)
    told = worker.presence_told("ada")
    assert sorted(user for joined, _ in told for user in joined) == [f"u{n:02}" for n in range(100)]
    assert len(told) <= 5 + took / BATCH


async def test_who_comes_and_goes_is_told_in_that_order(cluster: Cluster) -> None:
    worker = cluster.worker()
    await join(worker, "ada")
    await all_told(worker)
    await join(worker, "eve")  # opens a batch
    for _ in range(2):
        await join(worker, "bob")
        await worker.chat.gone(worker.member("bob"))
    await all_told(worker)
    there_and_back: list[tuple[list[str], list[str]]] = [(["bob"], []), ([], ["bob"])]
    assert worker.presence_told("ada") == [(["eve"], []), *there_and_back, *there_and_back]


async def test_leaving_is_told(cluster: Cluster) -> None:
    here, there = cluster.worker(), cluster.worker()
    await join(here, "ada")
    await join(there, "bob")
    await all_told(there)
    await there.chat.gone(there.member("bob"))
    await all_told(there)
    assert here.presence_told("ada")[-1] == ([], ["bob"])
