"""What waits for a client that reads more slowly than it is written to."""

from __future__ import annotations

import time
from typing import NamedTuple

from engineio.packet import MESSAGE

from ..backlog import LOOKED_AT, Backlog, Policies
from ..server_frames import BINARY, TEXT, head_size

WRITE_BYTES = 65536
"""Taken at once for the transport; from then on no policy can drop it."""


class Frame(NamedTuple):
    """A whole frame, in the place of a packet. All count: a client can provoke pongs, too."""

    data: bytes
    packet_type: int = MESSAGE


class Unsent(Backlog):
    """Frames after the write that the kernel did not take whole, until all are sent.

    The transport has a part of one write; what comes while it waits to be taken is here, where the
    policies of events apply. What one turn of the loop writes to a client that keeps up is always
    taken, so that a long answer does not end the connection it is for.
    """

    def __init__(self, limit: int, policies: Policies) -> None:
        super().__init__(limit, policies)
        self._stalled_at: float | None = None

    @property
    def is_stalled(self) -> bool:
        """Whether the transport waits for the client."""
        return self._stalled_at is not None

    def stall(self) -> None:
        self._stalled_at = time.monotonic()

    def resume(self) -> None:
        self._stalled_at = None

    def age(self) -> float:
        """Seconds the oldest bytes have been waiting, those in the transport included."""
        stalled = 0.0 if self._stalled_at is None else time.monotonic() - self._stalled_at
        return max(stalled, super().age())

    def next_write(self) -> bytes:
        """The oldest frames."""
        data = bytearray()
        while self and len(data) < WRITE_BYTES:
            data += self.take().data
        return bytes(data)

    def beginning_of(self, item: Frame) -> str | bytes:
        frame = item.data
        start = head_size(frame)
        beginning = frame[start : start + LOOKED_AT]
        if frame[0] == BINARY:
            return beginning
        packet = beginning.decode("utf-8", "replace") if frame[0] == TEXT else ""
        return packet[1:] if packet[:1] == str(MESSAGE) else ""
