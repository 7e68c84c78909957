"""Workers of one service in this process: they share a log and presence, and signal each other."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from {{cookiecutter.package_name}}.adapters.memory import (
    MemoryMessageLog,
    MemoryPresence,
)
from {{cookiecutter.package_name}}.domain.contract import Notice
from {{cookiecutter.package_name}}.services.chat import Chat, Member
from {{cookiecutter.package_name}}.services.fanout import Fanout
from {{cookiecutter.package_name}}.services.presence import Presence

Handler = Callable[[bytes], Awaitable[None]]
REPLAY_BYTES = 100_000


class Wires:
    """Carries signals between workers, unless it is cut."""

    def __init__(self) -> None:
        self.ends: list[Signals] = []
        self.cut = False
        self.held: list[tuple[Signals, str, bytes]] | None = None


class Signals:
    """One worker's end of `wires`."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.handlers: dict[str, Handler] = {}
        self.reconnected: list[Callable[[], Awaitable[None]]] = []
        wires.ends.append(self)

    async def publish(self, topic: str, signal: bytes | msgspec.Struct) -> None:
        if self.wires.cut:
            return
        data = signal if isinstance(signal, bytes) else msgspec.json.encode(signal)
        for end in self.wires.ends:
            if end is self or topic not in end.handlers:
                continue
            if self.wires.held is not None:
                self.wires.held.append((end, topic, data))
            else:
                await end.handlers[topic](data)

    def subscribe(self, topic: str, handler: Handler) -> None:
        self.handlers[topic] = handler

    def on_reconnect(self, handler: Callable[[], Awaitable[None]]) -> None:
        self.reconnected.append(handler)


class Audience:
    """Writes down what each socket of one worker was sent."""

    def __init__(self, everywhere: "list[Audience]") -> None:
        self.rooms: dict[str, set[str]] = defaultdict(set)
        self.got: dict[str, list[Any]] = defaultdict(list)
        self.everywhere = everywhere
        everywhere.append(self)

    async def enter(self, sid: str, room: str) -> None:
        self.rooms[room].add(sid)

    async def leave(self, sid: str, room: str) -> None:
        self.rooms[room].discard(sid)

    async def tell(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        for audience in self.everywhere:
            for sid in audience.rooms[room] - set(skip):
                audience.got[sid].append(event)

    async def tell_here(
        self, room: str, notice: Notice, event: msgspec.Struct, skip: Sequence[str] = ()
    ) -> None:
        for sid in self.rooms[room] - set(skip):
            self.got[sid].append(event)


class Worker:
    """The chat of one worker."""

    def __init__(self, cluster: "Cluster") -> None:
        self.audience = Audience(cluster.audiences)
        self.signals = Signals(cluster.wires)
        self.fanout = Fanout(cluster.log, self.audience, self.signals, cluster.history_size)
        self.presence = Presence(cluster.presence, self.audience)
        self.chat = Chat(
            cluster.log,
            self.audience,
            self.presence,
            self.fanout,
            lambda: datetime.now(UTC),
            cluster.history_size,
            REPLAY_BYTES,
        )

    def member(self, user: str, rooms: Sequence[str] | None = None) -> Member:
        return Member(sid=f"sid-{user}", user=user, rooms=rooms)

    def offsets(self, user: str) -> list[int]:
        return [e.offset for e in self.audience.got[f"sid-{user}"] if hasattr(e, "offset")]

    def presence_told(self, user: str) -> list[tuple[list[str], list[str]]]:
        got = self.audience.got[f"sid-{user}"]
        return [(e.joined, e.left) for e in got if hasattr(e, "joined")]


class Cluster:
    """Any number of workers."""

    def __init__(self, history_size: int = 100) -> None:
        self.history_size = history_size
        self.log = MemoryMessageLog(history_size)
        self.presence = MemoryPresence()
        self.wires = Wires()
        self.audiences: list[Audience] = []

    def worker(self) -> Worker:
        return Worker(self)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()
