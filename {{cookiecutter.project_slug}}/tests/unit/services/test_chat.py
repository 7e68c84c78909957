"""Joining, speaking, leaving: what a member may do and what the others see."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from {{cookiecutter.package_name}}.domain.errors import Refused
from {{cookiecutter.package_name}}.domain.events import (
    Join,
    Leave,
    Position,
    SendMessage,
)
from {{cookiecutter.package_name}}.domain.rooms import MAX_ROOMS_PER_SOCKET
from {{cookiecutter.package_name}}.services.chat import LATEST

from .conftest import REPLAY_BYTES, Cluster


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.code == code


async def test_only_members_speak_and_leave(cluster: Cluster) -> None:
    worker = cluster.worker()
    ada = worker.member("ada")
    with refused("not_in_room"):
        await worker.chat.send(ada, SendMessage("r", "x", "1"))
    with refused("not_in_room"):
        await worker.chat.leave(ada, Leave("r"))
    await worker.chat.join(ada, Join("r"))
    assert (await worker.chat.send(ada, SendMessage("r", "x", "1"))).offset == 1
    await worker.chat.leave(ada, Leave("r"))
    with refused("not_in_room"):
        await worker.chat.send(ada, SendMessage("r", "x", "1"))


async def test_the_rooms_a_token_opens(cluster: Cluster) -> None:
    worker = cluster.worker()
    ada = worker.member("ada", rooms=["team-*"])
    assert (await worker.chat.join(ada, Join("team-1"))).room == "team-1"
    with refused("forbidden"):
        await worker.chat.join(ada, Join("board"))
    with refused("forbidden"):
        await worker.chat.history("board", None, 10, ["team-*"])
    nowhere = worker.member("eve", rooms=[])
    with refused("forbidden"):
        await worker.chat.join(nowhere, Join("team-1"))


async def test_rooms_of_a_socket_are_bounded(cluster: Cluster) -> None:
    worker = cluster.worker()
    ada = worker.member("ada")
    for number in range(MAX_ROOMS_PER_SOCKET):
        await worker.chat.join(ada, Join(f"r{number}"))
    with refused("overloaded"):
        await worker.chat.join(ada, Join("one-more"))
    assert (await worker.chat.join(ada, Join("r0"))).room == "r0"


async def test_recovery_is_whole_or_not_at_all(cluster: Cluster) -> None:
    worker = cluster.worker()
    ada, bob = worker.member("ada"), worker.member("bob")
    epoch = (await worker.chat.join(ada, Join("r"))).epoch
    for number in range(150):
        await worker.chat.send(ada, SendMessage("r", "x", str(number)))
    ack = await worker.chat.join(bob, Join("r", Position(epoch, 60)))
    assert ack.recovered
    assert [m.offset for m in ack.messages] == list(range(61, 151))
    ack = await worker.chat.join(bob, Join("r", Position(epoch, 49)))
    assert not ack.recovered  # 101 were missed and 100 are held
    assert [m.offset for m in ack.messages] == list(range(151 - LATEST, 151))


@pytest.mark.parametrize("text", ["x" * 4000, "\x01" * 4000, "🎉" * 4000], ids=["x", "1", "🎉"])
async def test_a_recovery_is_bounded_in_bytes_and_still_whole_or_not_at_all(
    cluster: Cluster, text: str
) -> None:
    worker = cluster.worker()
    ada, bob = worker.member("ada"), worker.member("bob")
    epoch = (await worker.chat.join(ada, Join("r"))).epoch
    for number in range(60):
        await worker.chat.send(ada, SendMessage("r", text, str(number)))
    for since in (None, Position(epoch, 0)):
        ack = await worker.chat.join(bob, Join("r", since))
        assert not ack.recovered
        assert 0 < len(msgspec.json.encode(ack.messages)) <= REPLAY_BYTES
        assert ack.messages[-1].offset == ack.offset == 60
        offsets = [m.offset for m in ack.messages]
        assert offsets == list(range(61 - len(offsets), 61))
    ack = await worker.chat.join(bob, Join("r", Position(epoch, 57)))
    assert ack.recovered
    assert [m.offset for m in ack.messages] == [58, 59, 60]


async def test_a_socket_that_is_gone_leaves_nothing(cluster: Cluster) -> None:
    worker = cluster.worker()
    ada = worker.member("ada")
    for number in range(3):
        await worker.chat.join(ada, Join(f"r{number}"))
    await worker.chat.gone(ada)
    await worker.chat.gone(ada)
    assert len(worker.fanout) == 0
    assert worker.chat._rooms == {}
    assert await cluster.presence.members("r0", 10) == []


async def test_a_failed_join_leaves_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = cluster.worker()
    ada = worker.member("ada")

    async def fail(*args: object) -> None:
        raise Refused("overloaded", "down")

    with monkeypatch.context() as patched:
        patched.setattr(cluster.log, "replay", fail)
        with refused("overloaded"):
            await worker.chat.join(ada, Join("r"))
    assert len(worker.fanout) == 0
    assert worker.audience.rooms["r"] == set()
    assert (await worker.chat.join(ada, Join("r"))).members == ["ada"]
