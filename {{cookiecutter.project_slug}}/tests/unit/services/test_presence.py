"""Who is told of whom, and how often."""

import pytest

from {{cookiecutter.package_name}}.domain.events import Join
from {{cookiecutter.package_name}}.runtime import mode
from {{cookiecutter.package_name}}.services import presence as presence_module

from .conftest import Cluster, Worker


@pytest.fixture(autouse=True)
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "BATCH_SECONDS", 0.05)


async def join(worker: Worker, user: str) -> list[str]:
    return (await worker.chat.join(worker.member(user), Join("r"))).members


async def test_the_first_arrival_is_told_at_once_and_not_to_itself(cluster: Cluster) -> None:
    worker = cluster.worker()
    assert await join(worker, "ada") == ["ada"]
    await mode.sleep(0.1)
    assert await join(worker, "bob") == ["ada", "bob"]
    assert worker.presence_told("ada") == [(["bob"], [])]
    assert worker.presence_told("bob") == []


async def test_many_arrivals_are_few_notices(cluster: Cluster) -> None:
    worker = cluster.worker()
    await join(worker, "ada")
    await mode.sleep(0.1)
    for number in range(100):
        await join(worker, f"u{number:02}")
    await mode.sleep(0.2)
    told = worker.presence_told("ada")
    assert sorted(user for joined, _ in told for user in joined) == [f"u{n:02}" for n in range(100)]
    assert len(told) <= 5
    assert not worker.presence._pending


async def test_who_comes_and_goes_is_told_in_that_order(cluster: Cluster) -> None:
    worker = cluster.worker()
    await join(worker, "ada")
    await mode.sleep(0.1)
    await join(worker, "eve")  # opens a batch
    for _ in range(2):
        await join(worker, "bob")
        await worker.chat.gone(worker.member("bob"))
    await mode.sleep(0.15)
    there_and_back: list[tuple[list[str], list[str]]] = [(["bob"], []), ([], ["bob"])]
    assert worker.presence_told("ada") == [(["eve"], []), *there_and_back, *there_and_back]


async def test_leaving_is_told(cluster: Cluster) -> None:
    here, there = cluster.worker(), cluster.worker()
    await join(here, "ada")
    await join(there, "bob")
    await mode.sleep(0.15)
    await there.chat.gone(there.member("bob"))
    await mode.sleep(0.1)
    assert here.presence_told("ada")[-1] == ([], ["bob"])
