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

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, generate_accept_token

from .frames import acceptable
from .mode import Lock, give_way
from .raw_socket import connection, hand_back
from .wsgi import Environ, StartResponse, answer

STALL_SECONDS = 10.0
"""How long a client may take nothing of what is sent to it."""
CLOSE_SECONDS = 3.0
"""How long a client may take to answer that the connection closes."""
RECEIVED_AT_ONCE = 65536
TEXT, BINARY = 0x81, 0x82
"""First bytes of frames that are whole messages."""

_log = logging.getLogger(__name__)


class WebSocket:
    """One connection, as Engine.IO expects it of its drivers. It reads only when it is asked to.

    :param handler: talks to the client until it returns.
    :param server: the Engine.IO server; larger messages than its ``max_http_buffer_size`` close the
        connection before they are kept.
    """

    def __init__(self, handler: Callable[[WebSocket], Any], server: Any) -> None:
        self._handler = handler
        self._limit: int = server.max_http_buffer_size
        self._patience: float = server.ping_interval + server.ping_timeout
        self._protocol = Connection(ConnectionType.SERVER)
        self._sending = Lock()
        self._messages: deque[str | bytes] = deque()
        self._parts: list[Any] = []
        self._size = 0
        self._ended = False
        self._closing_at = float("inf")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13" or len(key) != 24:
            text = b"This WebSocket handshake is not one of RFC 6455, version 13.\n"
            return answer(start_response, HTTPStatus.BAD_REQUEST, "text/plain", text)
        self._socket = connection(environ)
        self._socket.settimeout(STALL_SECONDS)
        if self._socket.family != socket.AF_UNIX:  # else a small frame waits for an acknowledgement
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(_switching(key, environ.get("request_id", "")))
            self._handler(self)
        except OSError as error:
            _log.debug("connection lost: %s", error)
        finally:
            self._shut_down()
        return hand_back()

    def wait(self) -> str | bytes | None:
        """The next message; ``None`` when there will be no more."""
        give_way()
        heard = time.monotonic()
        while not self._messages:
            now = time.monotonic()
            if self._ended or now > min(self._closing_at, heard + self._patience):
                return None
            try:
                data = self._socket.recv(RECEIVED_AT_ONCE)
            except TimeoutError:
                continue
            except OSError:
                return None
            self._ended = not data or not self._take(data)
        return acceptable(self._messages.popleft())

    def send(self, message: str | bytes) -> None:
        """Send a whole message.

        :raises OSError: if the connection is closed, or the client takes nothing.
        """
        frame = _frame(message)
        with self._sending:
            if self._protocol.state is not ConnectionState.OPEN:
                raise ConnectionError("the connection is closing")
            self._write(frame)

    def close(self) -> None:
        """Tell the client that the connection ends; :meth:`wait` returns soon."""
        self._end(CloseReason.NORMAL_CLOSURE)

    def _take(self, data: bytes) -> bool:
        """Read frames; false if nothing more is to be read."""
        try:
            self._protocol.receive_data(data)
            return all(self._handle(event) for event in self._protocol.events())
        except (LocalProtocolError, OSError):
            return False

    def _handle(self, event: Event) -> bool:
        if isinstance(event, Message):
            return self._collect(event)
        if isinstance(event, Ping):
            self._send(event.response())
        elif isinstance(event, CloseConnection):
            if self._protocol.state is ConnectionState.REMOTE_CLOSING:
                self._send(event.response())
            else:  # a frame that breaks the protocol, or the answer to our own close
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

    def _send(self, event: Event) -> None:
        with self._sending:
            try:
                frame = self._protocol.send(event)
            except LocalProtocolError:
                raise ConnectionError("the connection is closing") from None
            self._write(frame)

    def _write(self, frame: bytes) -> None:
        """The caller holds the lock: a frame must not begin inside another."""
        try:
            self._socket.sendall(frame)
        except OSError:
            self._shut_down()  # part of a frame may be out: nothing can follow it
            raise

    def _end(self, code: int) -> None:
        self._closing_at = min(self._closing_at, time.monotonic() + CLOSE_SECONDS)
        try:
            self._send(CloseConnection(code))
        except OSError as error:
            _log.debug("closed already: %s", error)

    def _shut_down(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            _log.debug("gone already: %s", error)


def _frame(message: str | bytes) -> bytes:
    """A whole message, unmasked, as a server sends it.

    By wsproto it would take as long as all the rest of sending.
    """
    kind, payload = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65536:
        return bytes((kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((kind, 127)) + size.to_bytes(8, "big") + payload


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
