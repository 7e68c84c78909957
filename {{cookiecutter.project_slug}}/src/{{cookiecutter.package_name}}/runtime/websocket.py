"""WebSockets on a WSGI server that hands out its connections.

Engine.IO's own ways have open ends that this one closes: simple-websocket takes a part of a frame
that the kernel accepted for the whole and so corrupts the stream of a slow reader, keeps messages
of any size until they are complete, reads on while its messages wait to be handled, and needs two
more threads for each connection.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, generate_accept_token

from .frames import acceptable
from .mode import give_way
from .outgoing import Outgoing, Unsent
from .raw_socket import connection, hand_back
from .server_frames import BINARY, PONG, TEXT, frame, text_frame
from .websocket_frames import CLOSE, MASKED, extent, unmasked
from .wheel import Wheel
from .wsgi import Environ, StartResponse, answer

STALL_SECONDS = 10.0
"""How long a client may take nothing of what is sent to it."""
CLOSE_SECONDS = 3.0
"""How long a client may take to answer that the connection closes."""
RECEIVED_AT_ONCE = 65536
HANDLED_AT_ONCE = 16
"""Messages of one client after which others get their turn."""
PONGS = 65536
"""Bytes of them that may wait where :meth:`WebSocket.send` is waited for."""

_log = logging.getLogger(__name__)


class WebSocket:
    """One connection, as Engine.IO expects it of its drivers. It reads only when it is asked to.

    :param wheel: keeps its deadlines.
    :param handler: talks to the client until it returns.
    :param server: the Engine.IO server; larger messages than its ``max_http_buffer_size`` close the
        connection before they are kept.
    :param make_unsent: holds what the client is too slow for.
    """

    def __init__(
        self,
        wheel: Wheel,
        handler: Callable[[WebSocket], Any],
        server: Any,
        make_unsent: Callable[[], Unsent] | None = None,
    ) -> None:
        self.wheel = wheel
        self.due = 0
        self.greeting = b""
        """Frames that go out with the answer to the handshake."""
        self._handler: Callable[[WebSocket], Any] | None = handler
        self._limit: int = server.max_http_buffer_size
        # a little more than who sends pings has: the end is then theirs to announce
        self._patience: float = server.ping_interval + server.ping_timeout + CLOSE_SECONDS
        self._make_unsent = make_unsent or _pongs
        self._connection: socket.socket | None = None
        self._out: Outgoing | None = None
        self._received = bytearray()
        self._protocol: Connection | None = None
        self._messages: deque[str | bytes] = deque()
        self._parts: list[Any] = []
        self._size = 0
        self._fragmented = False
        self._handled = 0
        self._taken_at: float | None = None
        """When the message was taken that is handled."""
        self._ended = False
        self._closing_since: float | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13" or len(key) != 24:
            text = b"This WebSocket handshake is not one of RFC 6455, version 13.\n"
            return answer(start_response, HTTPStatus.BAD_REQUEST, "text/plain", text)
        self._connection = connection(environ)
        self._connection.settimeout(None)
        if self._connection.family != socket.AF_UNIX:  # else small frames wait for each other
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._out = Outgoing(self._connection, self._make_unsent, self._on_stall)
        self._heard_at = time.monotonic()
        self.wheel.set(self, self._patience)
        try:
            self._out.put(_switching(key, environ.get("request_id", "")) + self.greeting)
            if self._closing_since is None and self._handler is not None:
                self._handler(self)
        finally:
            self.wheel.cancel(self)
            self._shut_down()
            self._out.close()
            self._handler = self._out = None  # nothing that refers to itself is left behind
        return hand_back()

    def wait(self) -> str | bytes | None:
        """The next message; ``None`` when there will be no more."""
        self._taken_at = None
        self._handled += 1
        if self._handled >= HANDLED_AT_ONCE:
            self._handled = 0
            give_way()
        while not self._messages:
            if self._ended or self._connection is None:
                return None
            try:
                data = self._connection.recv(RECEIVED_AT_ONCE)
            except OSError:
                return None
            self._heard_at = time.monotonic()
            self._ended = not data or not self._take(data)
        self._taken_at = time.monotonic()
        return acceptable(self._messages.popleft())

    def send(self, message: str | bytes) -> None:
        """Send a whole message, and wait until the kernel has all of it.

        :raises OSError: if the connection is closed, or the client takes nothing.
        """
        out = self._out
        if out is None or self._closing_since is not None:
            raise ConnectionError("the connection is closing")
        out.wait()
        if out.unsent is not None and out.unsent.overflowed:  # by pongs; nothing more is taken
            raise ConnectionError("the client reads too slowly")
        if isinstance(message, str):
            out.put(text_frame(message.encode()))
        else:
            out.put(frame(BINARY, message))
        out.wait()
        if not out.is_open:
            raise ConnectionError("the connection is lost")

    def put(self, frame: bytes) -> None:
        """Send a frame, now or as soon as the client takes it; if the connection is open."""
        out = self._out
        if out is not None and self._closing_since is None:
            out.put(frame)

    @property
    def is_deaf(self) -> bool:
        """Whether a message is handled, for not too long yet: what came after it is not seen."""
        taken_at = self._taken_at
        return taken_at is not None and time.monotonic() - taken_at < self._patience

    @property
    def unsent(self) -> Unsent | None:
        """What waits for the client, if anything does."""
        out = self._out
        return None if out is None else out.unsent

    def close(self) -> None:
        """Tell the client that the connection ends; :meth:`wait` returns soon."""
        self._end(CloseReason.NORMAL_CLOSURE)

    def on_time(self) -> None:
        left = self._seconds_left()
        if left > 0:
            self.wheel.set(self, left)
        else:
            self._shut_down()

    def _seconds_left(self) -> float:
        now, out = time.monotonic(), self._out
        stalled = out is not None and out.is_stalled
        if self._closing_since is None:
            left = max(self._heard_at, self._taken_at or 0.0) + self._patience - now
        else:  # what waits may go out before the close frame
            left = self._closing_since + (self._patience if stalled else CLOSE_SECONDS) - now
        if out is not None and stalled:
            left = min(left, out.progress_at + STALL_SECONDS - now)
        return left

    def _on_stall(self) -> None:
        self.wheel.set(self, max(0.0, self._seconds_left()))

    def _take(self, data: bytes) -> bool:
        """Read frames; false if nothing more is to be read."""
        received = self._received
        received += data
        going_on = True
        while going_on and (found := extent(received)) is not None:
            begin, size = found
            if size > self._limit:
                self._end(CloseReason.MESSAGE_TOO_BIG)
                return False
            if len(received) < begin + size:
                break
            going_on = self._take_frame(received, begin, size)
            del received[: begin + size]
        return going_on

    def _take_frame(self, data: bytearray, begin: int, size: int) -> bool:
        """Read the whole frame that `data` begins with."""
        if data[0] == TEXT and data[1] >= MASKED and not self._fragmented:
            try:
                self._messages.append(unmasked(data, begin, size).decode())
            except UnicodeDecodeError:
                self._end(CloseReason.INVALID_FRAME_PAYLOAD_DATA)
                return False
            return True
        # the rest, which is rare, by the book
        if data[0] & 0x0F < 8:
            self._fragmented = data[0] < 0x80
        if self._protocol is None:
            self._protocol = Connection(ConnectionType.SERVER)
        try:
            self._protocol.receive_data(bytes(data[: begin + size]))
            return all(self._handle(event) for event in self._protocol.events())
        except LocalProtocolError:
            return False

    def _handle(self, event: Event) -> bool:
        if isinstance(event, Message):
            return self._collect(event)
        if isinstance(event, Ping):
            self.put(frame(PONG, bytes(event.payload)))
        elif isinstance(event, CloseConnection):  # or a frame that breaks the protocol
            self._end(event.code)
            return False
        return True

    def _collect(self, event: Message[Any]) -> bool:
        self._size += len(event.data)
        if self._size > self._limit:
            self._parts.clear()
            self._end(CloseReason.MESSAGE_TOO_BIG)
            return False
        self._parts.append(event.data)
        if event.message_finished:
            empty = "" if isinstance(event, TextMessage) else b""
            self._messages.append(empty.join(self._parts))
            self._parts, self._size = [], 0
        return True

    def _end(self, code: int) -> None:
        if self._closing_since is not None:
            return
        self._closing_since = time.monotonic()
        out = self._out
        if out is not None:
            payload = b"" if code == CloseReason.NO_STATUS_RCVD else code.to_bytes(2)
            out.put(frame(CLOSE, payload), last=True)
            self.wheel.set(self, max(0.0, self._seconds_left()))

    def _shut_down(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            _log.debug("gone already: %s", error)


def _pongs() -> Unsent:
    return Unsent(PONGS, {})


def _switching(key: str, request_id: str) -> bytes:
    token = generate_accept_token(key.encode("latin-1")).decode()
    head = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {token}",
        f"X-Request-ID: {request_id}",
    )
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
