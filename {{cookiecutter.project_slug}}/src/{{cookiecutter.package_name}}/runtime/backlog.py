"""What waits to be sent to one client: bounded in bytes, and dated."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engineio import packet

from . import metrics, mode

WhenSlow = Literal["disconnect", "drop_oldest", "coalesce"]
Event = tuple[str, str]
"""Namespace and event."""
Policies = Mapping[Event, WhenSlow]
"""What becomes of an event when its client reads too slowly."""

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
    dropping such events, the oldest first; ``coalesce`` keeps only the newest of its event; all
    others end the client: nothing more is taken, and :attr:`overflowed` asks to close it.

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
        coming = self.event_of(item)
        kept: deque[_Waiting] = deque()
        excess = self._bytes + size - self._limit
        for waiting in self._waiting:
            event = self.event_of(waiting.packet)
            policy = self._policies.get(event, "disconnect") if event else "disconnect"
            superseded = policy == "coalesce" and event == coming
            if event and (superseded or (policy == "drop_oldest" and excess > 0)):
                excess -= waiting.size
                metrics.DROPPED.labels(*event, policy).inc()
            else:
                kept.append(waiting)
        dropped = len(self._waiting) - len(kept)
        self._waiting = kept
        self._bytes = sum(waiting.size for waiting in kept)
        return dropped

    def event_of(self, item: Any) -> Event | None:
        """The event that waits; ``None`` for whatever else does."""
        data = getattr(item, "data", None)
        return event_in(data) if isinstance(data, str) else None


def event_in(packet: str) -> Event | None:
    """The event of a packet of Socket.IO."""
    found = _EVENT.match(packet[:300])
    return (found[1] or "/", found[2]) if found else None
