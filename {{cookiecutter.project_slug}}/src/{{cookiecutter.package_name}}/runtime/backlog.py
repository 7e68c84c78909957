"""What waits to be sent to one client: bounded in bytes, and dated."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from engineio import packet

from . import messagepack, metrics, mode

WhenSlow = Literal["disconnect", "drop_oldest", "coalesce"]
Event = tuple[str, str]
"""Namespace and event."""


class Policy(NamedTuple):
    """What becomes of an event when its client reads too slowly.

    `by`: the text field that says what the event is about, near its start; ``None``: all are about
    the same.
    """

    when_slow: WhenSlow
    by: str | None = None


LOOKED_AT = 300
"""Characters or bytes of a packet in which its event, and what that is about, must be found."""
Policies = Mapping[Event, Policy]

_DISCONNECT = Policy("disconnect")
_EVENT = re.compile(r'2(?:(/[^,]*),)?\["([^"]+)"')
_OVERHEAD = 64  # bytes a waiting packet costs beside its content


@dataclass(slots=True)
class _Waiting:
    packet: Any
    size: int
    since: float


class Backlog:
    """Packets of Engine.IO, in the order they came.

    What does not fit any more is treated by the policy of its event: ``drop_oldest`` makes room by
    dropping such events, the oldest first; ``coalesce`` keeps only the newest of what it is about;
    all others end the client: nothing more is taken, and :attr:`overflowed` asks to close it.

    :param limit: bytes that may wait. One packet may always, whatever its size.
    """

    def __init__(self, limit: int, policies: Policies) -> None:
        self._limit = limit
        self._policies = policies
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._guard = mode.Guard()
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def age(self) -> float:
        """Seconds the oldest packet has been waiting."""
        try:
            return time.monotonic() - self._waiting[0].since
        except IndexError:
            return 0.0

    def add(self, item: Any) -> int:
        """Take a packet, or Engine.IO's ``None`` for the end; returns how many were dropped."""
        data = getattr(item, "data", None)
        size = _OVERHEAD + (len(data) if isinstance(data, (str, bytes)) else 0)
        dropped = 0
        with self._guard:
            if item is not None and item.packet_type == packet.MESSAGE:
                if self.overflowed:
                    return 1
                if self._waiting and self._bytes + size > self._limit:
                    dropped = self._make_room(size, item)
                if self._waiting and self._bytes + size > self._limit:
                    self.overflowed = True
                    dropped += len(self._waiting) + 1
                    self._waiting.clear()
                    self._bytes = 0
                    return dropped
            self._waiting.append(_Waiting(item, size, time.monotonic()))
            self._bytes += size
        return dropped

    def take(self) -> Any:
        """The oldest packet.

        :raises IndexError: if there is none.
        """
        with self._guard:
            found = self._waiting.popleft()
            self._bytes -= found.size
        return found.packet

    def _make_room(self, size: int, item: Any) -> int:
        coming = self._subject_of(item)
        kept: deque[_Waiting] = deque()
        excess = self._bytes + size - self._limit
        for waiting in self._waiting:
            subject = self._subject_of(waiting.packet)
            event, policy, _ = subject
            superseded = policy.when_slow == "coalesce" and subject == coming
            if event and (superseded or (policy.when_slow == "drop_oldest" and excess > 0)):
                excess -= waiting.size
                metrics.DROPPED.labels(*event, policy.when_slow).inc()
            else:
                kept.append(waiting)
        dropped = len(self._waiting) - len(kept)
        self._waiting = kept
        self._bytes = sum(waiting.size for waiting in kept)
        return dropped

    def beginning_of(self, item: Any) -> str | bytes:
        """Of the packet of Socket.IO that waits; nothing for whatever else does."""
        data = getattr(item, "data", None)
        return data[:LOOKED_AT] if isinstance(data, (str, bytes)) else ""

    def _subject_of(self, item: Any) -> tuple[Event | None, Policy, str | None]:
        beginning = self.beginning_of(item)
        event = event_in(beginning)
        policy = self._policies.get(event, _DISCONNECT) if event else _DISCONNECT
        return event, policy, field_in(beginning, policy.by) if policy.by else None


def event_in(packet: str | bytes) -> Event | None:
    """The event of a packet of Socket.IO, in text or in MessagePack."""
    if isinstance(packet, bytes):
        return messagepack.event_in(packet)
    found = _EVENT.match(packet)
    return (found[1] or "/", found[2]) if found else None


def field_in(packet: str | bytes, name: str) -> str | None:
    """The first text field called `name` in a packet of Socket.IO, as it is written there."""
    if isinstance(packet, bytes):
        return messagepack.field_in(packet, name)
    _, found, rest = packet.partition(f'"{name}":"')
    return rest.partition('"')[0] if found else None
