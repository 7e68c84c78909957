"""Rooms as python-socketio keeps them, and a disconnect that does not ask all of them."""

import itertools
import random
from types import SimpleNamespace
from typing import Any

import pytest
from socketio import AsyncManager
from socketio.base_manager import BaseManager

from {{cookiecutter.package_name}}.runtime.acceptance import accepted_only

CHAT, FEED = "/chat", "/feed"


def prepared(manager: AsyncManager) -> AsyncManager:
    """A manager that numbers the sockets it lets in."""
    numbers = itertools.count()
    eio = SimpleNamespace(generate_id=lambda: f"s{next(numbers)}")
    manager.set_server(SimpleNamespace(eio=eio, packet_class=SimpleNamespace(json=None)))
    return manager


@pytest.fixture
def manager() -> AsyncManager:
    return prepared(accepted_only(AsyncManager()))


def state(manager: AsyncManager) -> dict[str, Any]:
    """Every table that a manager has, also those of versions to come, but our own."""
    own = ("server", "logger", "json", "_joined", "_held")
    guards = ("_rooms_guard", "_pending_guard", "_held_guard")
    tables = {name: table for name, table in vars(manager).items() if name not in own + guards}
    tables["rooms"] = {
        (namespace, room): dict(members)
        for namespace, rooms in manager.rooms.items()
        for room, members in rooms.items()
        if members
    }
    tables["callbacks"] = {*manager.callbacks}
    return tables


def one_of_many(chance: random.Random, sids: list[str]) -> tuple[str, tuple[Any, ...]]:
    sid, namespace = chance.choice(sids), chance.choice([CHAT, FEED])
    room = chance.choice(["a", "b", 3, sid])
    return chance.choice(
        [
            ("basic_enter_room", (sid, namespace, room)),
            ("basic_enter_room", (sid, namespace, room)),
            ("basic_leave_room", (sid, namespace, room)),
            ("basic_close_room", ("a", namespace)),
            ("basic_disconnect", (sid, namespace)),
            ("pre_disconnect", (sid, namespace)),
            ("connect", (f"e{chance.randrange(60)}", namespace)),
            ("_generate_ack_id", (sid, print)),
            ("participants", (namespace, chance.choice([room, None, ["a", "c", 3], "c"]))),
        ]
    )


def connect(manager: AsyncManager, eio_sid: str, namespace: str) -> Any:
    """What a manager does about it before anything is awaited."""
    return BaseManager.pre_connect(manager, eio_sid, namespace)


def outcome(manager: AsyncManager, call: str, arguments: tuple[Any, ...]) -> object:
    try:
        if call == "connect":
            return connect(manager, *arguments)
        if call == "participants":
            return list(manager.get_participants(*arguments))
        return getattr(manager, call)(*arguments)
    except (KeyError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_done_the_rooms_are_those_of_python_socketio(seed: int) -> None:
    ours, theirs = prepared(accepted_only(AsyncManager())), prepared(AsyncManager())
    chance = random.Random(seed)  # noqa: S311 (no secret)
    for manager in (ours, theirs):
        for number in range(40):
            connect(manager, f"e{number}", CHAT)
        # in an empty namespace, python-socketio leaves what waits for its last socket behind
        stays = connect(manager, "stays", FEED)
    sids = [sid for number in range(60) if (sid := f"s{number}") != stays]
    for _ in range(1000):
        call, arguments = one_of_many(chance, sids)
        assert outcome(ours, call, arguments) == outcome(theirs, call, arguments), call
        assert state(ours) == state(theirs), call
        for namespace in (CHAT, FEED):
            found = ours.get_rooms(arguments[0], namespace)
            assert len(found) == len({*found})
            assert {*found} == {*theirs.get_rooms(arguments[0], namespace)}
    there = [(sid, path) for path, rooms in ours.rooms.items() for sid in rooms.get(None, ())]
    for sid, namespace in there:
        ours.basic_disconnect(sid, namespace)
    assert not ours._joined
    assert not ours.rooms


def test_a_disconnect_asks_no_room_the_socket_is_not_in(manager: AsyncManager) -> None:
    class Asked(dict[str, str]):
        def __contains__(self, sid: object) -> bool:
            raise AssertionError(f"asked for {sid}")

    sid = connect(manager, "e0", CHAT)
    manager.basic_enter_room(sid, CHAT, "mine")
    manager.rooms[CHAT]["other"] = Asked(s9="e9")
    assert manager.get_rooms(sid, CHAT) == [sid, "mine"]
    manager.basic_disconnect(sid, CHAT)
    assert manager.rooms == {CHAT: {"other": {"s9": "e9"}}}
    assert manager.get_rooms(sid, CHAT) == []


def test_no_room_is_made_for_who_has_gone(manager: AsyncManager) -> None:
    gone, stays = connect(manager, "e0", CHAT), connect(manager, "e1", CHAT)
    manager.basic_disconnect(gone, CHAT)
    with pytest.raises(KeyError):
        manager.basic_enter_room(gone, CHAT, "empty")
    assert manager.rooms[CHAT].keys() == {None, stays}
    assert not manager._joined


async def test_one_not_announced_is_let_in_at_once(manager: AsyncManager) -> None:
    sid = await manager.connect("e0", CHAT)
    assert manager.is_connected(sid, CHAT)
    assert manager.eio_sid_from_sid(sid, CHAT) == "e0"


async def test_one_that_has_left_meanwhile_does_not_come_again(
    manager: AsyncManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await manager.pre_connect("e0", CHAT)
    manager.basic_disconnect(sid, CHAT)
    asked_for = [True, False]  # in between it leaves
    monkeypatch.setattr(manager, "is_pre_connected", lambda *_: asked_for.pop(0))
    assert await manager.connect(sid, CHAT) == sid
    assert manager.rooms == manager.pending_connect == {}
