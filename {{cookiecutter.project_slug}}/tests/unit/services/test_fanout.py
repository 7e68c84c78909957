"""Every member sees every message once and in order, whatever becomes of the signals."""

import random

from {{cookiecutter.package_name}}.adapters.memory import MemoryMessageLog
from {{cookiecutter.package_name}}.domain.events import Join, SendMessage
from {{cookiecutter.package_name}}.runtime import mode

from .conftest import Cluster, Worker


async def say(worker: Worker, user: str, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await worker.chat.send(worker.member(user), SendMessage("r", "x", f"{user}{number}"))


async def two_workers(cluster: Cluster) -> tuple[Worker, Worker]:
    here, there = cluster.worker(), cluster.worker()
    await here.chat.join(here.member("ada"), Join("r"))
    await there.chat.join(there.member("bob"), Join("r"))
    return here, there


async def test_across_workers(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    await say(here, "ada", 1, 3)
    await say(there, "bob", 1, 2)
    assert here.offsets("ada") == there.offsets("bob") == [1, 2, 3, 4, 5]


async def test_a_lost_signal_is_made_good_by_the_next(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    cluster.wires.cut = True
    await say(here, "ada", 1, 3)
    assert there.offsets("bob") == []
    cluster.wires.cut = False
    await say(here, "ada", 4, 4)
    assert there.offsets("bob") == [1, 2, 3, 4]


async def test_a_lost_signal_is_made_good_by_looking(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    cluster.wires.cut = True
    await say(here, "ada", 1, 3)
    for handler in there.signals.reconnected:
        await handler()
    assert there.offsets("bob") == [1, 2, 3]
    await there.fanout.check()
    assert there.offsets("bob") == [1, 2, 3]


async def test_signals_out_of_order_and_twice(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    cluster.wires.held = []
    await say(here, "ada", 1, 10)
    late = cluster.wires.held * 2
    random.Random(7).shuffle(late)  # noqa: S311
    for end, topic, data in late:
        await end.handlers[topic](data)
    assert there.offsets("bob") == list(range(1, 11))


async def test_a_retry_after_a_crash_delivers_what_was_only_stored(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    await cluster.log.append("r", "ada1", "ada", "x", here.chat._clock())  # and then it died
    await say(here, "ada", 1, 1)
    assert here.offsets("ada") == there.offsets("bob") == [1]


async def test_a_member_that_comes_while_messages_fly_gets_each_once(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)

    async def talk() -> None:
        for number in range(200):
            await say(here, "ada", number, number)
            await mode.sleep(0)

    async def come_and_go() -> None:
        for number in range(20):
            member = there.member(f"guest{number}")
            ack = await there.chat.join(member, Join("r"))
            for _ in range(5):
                await mode.sleep(0)
            live = there.offsets(f"guest{number}")
            assert live == list(range(ack.offset + 1, ack.offset + 1 + len(live)))
            await there.chat.gone(member)

    results = await mode.together(talk, come_and_go)
    assert results == [None, None]
    assert there.offsets("bob") == list(range(1, 201))


async def test_a_log_that_lost_its_data_starts_anew(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    await say(here, "ada", 1, 3)
    empty = MemoryMessageLog(100)
    for worker in (here, there):
        worker.chat._log = worker.fanout._log = empty
    await say(here, "ada", 4, 5)
    assert there.offsets("bob") == [1, 2, 3, 1, 2]
    epochs = [e.epoch for e in there.audience.got["sid-bob"] if hasattr(e, "epoch")]
    assert len(set(epochs)) == 2


async def test_a_gap_longer_than_the_log_is_skipped(cluster: Cluster) -> None:
    here, there = await two_workers(cluster)
    cluster.wires.cut = True
    await say(here, "ada", 1, 250)
    await there.fanout.check()
    assert there.offsets("bob") == list(range(151, 251))
