"""What leaves the process for one client: at once, or bounded until the client has taken it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from engineio.packet import CLOSE, MESSAGE

from . import mode
from .backlog import LOOKED_AT, Backlog, Policies
from .raw_socket import send_now
from .server_frames import BINARY, TEXT, head_size

WRITE_BYTES = 16384
"""Written together for a slow reader; from then on no policy can drop it."""


class Frame(NamedTuple):
    """A whole frame, in the place of a packet. All count: a client can provoke pongs, too."""

    data: bytes
    packet_type: int = MESSAGE


class Unsent(Backlog):
    """Frames that came after the one that the kernel did not take whole, until all are sent."""

    def __init__(self, limit: int, policies: Policies) -> None:
        super().__init__(limit, policies)
        self._begun_at: float | None = None

    def age(self) -> float:
        """Seconds the oldest bytes have been waiting, those that are being written included."""
        begun_at = self._begun_at
        return super().age() if begun_at is None else time.monotonic() - begun_at

    def begin(self) -> None:
        """A frame has been written in part."""
        self._begun_at = time.monotonic()

    def next_write(self) -> bytes:
        """The oldest frames; nothing if there are none."""
        self._begun_at = None
        data = bytearray()
        with self._guard:
            if self._waiting:
                self._begun_at = self._waiting[0].since
            while self._waiting and len(data) < WRITE_BYTES:
                found = self._waiting.popleft()
                self._bytes -= found.size
                data += found.packet.data
        return bytes(data)

    def beginning_of(self, item: Frame) -> str | bytes:
        frame = item.data
        start = head_size(frame)
        beginning = frame[start : start + LOOKED_AT]
        if frame[0] == BINARY:
            return beginning
        packet = beginning.decode("utf-8", "replace") if frame[0] == TEXT else ""
        return packet[1:] if packet[:1] == str(MESSAGE) else ""


class Outgoing:
    """Writes frames whole and in the order of the calls, from any thread, and makes nobody wait.

    Who keeps up costs neither a queue nor a task. From the frame on that the kernel does not take
    whole, frames wait in :attr:`unsent`, and a task writes them.

    :param make_unsent: called when something has to wait; its owner looks at what it returns.
    :param on_stall: called when the client stops taking what is sent to it.
    """

    __slots__ = (
        "_connection",
        "_guard",
        "_is_ending",
        "_make_unsent",
        "_on_stall",
        "_open",
        "_written",
        "progress_at",
        "unsent",
    )

    def __init__(
        self,
        connection: socket.socket,
        make_unsent: Callable[[], Unsent],
        on_stall: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._make_unsent = make_unsent
        self._on_stall = on_stall
        self._guard = mode.Guard()
        self._open = True
        self._is_ending = False
        self._written: mode.Event | None = None  # while a task writes
        self.unsent: Unsent | None = None
        self.progress_at = 0.0
        """When the client last took something, while a task writes to it."""

    @property
    def is_open(self) -> bool:
        """Whether the client may still get something."""
        return self._open

    @property
    def is_stalled(self) -> bool:
        """Whether something waits for the client."""
        return self._written is not None

    def put(self, frame: bytes, *, last: bool = False) -> None:
        """Send a frame, now or when those before it are sent.

        :param last: nothing follows it, and it is taken where nothing else would be.
        """
        with self._guard:
            if not self._open or self._is_ending:
                return
            self._is_ending = last
            if self.unsent is None:
                try:
                    sent = send_now(self._connection, frame)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    self._open = False  # who reads from the connection sees to the rest
                    return
                if sent == len(frame):
                    return
                self.unsent = self._make_unsent()
                self.unsent.begin()
                rest = frame[sent:]
            else:
                self.unsent.add(Frame(frame, CLOSE if last else MESSAGE))
                if self._written is not None or not self.unsent:
                    return
                rest = b""
            self._written = mode.Event()
            self.progress_at = time.monotonic()
        self._on_stall()
        mode.spawn(self._write, self.unsent, self._written, rest)

    def wait(self) -> None:
        """Wait until what was put is written, or the connection is lost."""
        while (written := self._written) is not None:
            written.wait()

    def close(self) -> None:
        """Take nothing more. The connection must be shut down: what waits ends with it."""
        with self._guard:
            self._open = False
        self.wait()

    def _write(self, unsent: Unsent, written: mode.Event, rest: bytes) -> None:
        try:
            while True:
                left = memoryview(rest)
                while left:
                    left = left[self._connection.send(left[:WRITE_BYTES]) :]
                    self.progress_at = time.monotonic()
                with self._guard:
                    rest = unsent.next_write()
                    if rest and self._open:
                        continue
                    if not unsent.overflowed:  # else what follows would follow a gap
                        self.unsent = None
                    self._written = None
                    return
        except OSError:
            with self._guard:
                self._open = False
                self.unsent = self._written = None
        finally:
            written.set()
