"""picows, attached to a connection that uvicorn accepted."""

from __future__ import annotations

import logging
import socket
from http import HTTPStatus
from typing import Any, Self

from picows import (
    WSAutoPingStrategy,
    WSListener,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]

READ_BYTES = 65536
"""Read at once. picows doubles its buffer whenever a read fills it, and never gives it back."""
INITIAL_BUFFER = 2048


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """Clients that break the protocol are of interest to debugging only; our own faults are not."""

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.logger.debug(msg, *args, **kwargs)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        level = level if kwargs.get("exc_info") else logging.DEBUG
        super().log(level, msg, *args, **kwargs)


class _Unwritten(WSUpgradeResponse):
    """The answer to a handshake, which picows fills in and the connection writes.

    One for all: it is read in the same call in which it is filled in.
    """

    def __init__(self) -> None:
        self.status = HTTPStatus.SWITCHING_PROTOCOLS
        self.headers: Any = {}

    def to_bytes(self) -> bytearray:
        return bytearray()


_UNWRITTEN = _Unwritten()


def switching_protocols(accept: str) -> bytes:
    """The response that makes a connection a WebSocket.

    :param accept: the answer to the client's key.
    """
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept.encode()
    )


class Introduced:
    """A transport of which picows asks nothing that it need not know.

    For what it would say in a line of the log that is not written, picows asks the kernel seven
    times; uvloop makes a socket object for each: a tenth of a handshake.
    """

    __slots__ = ("_transport", "get_write_buffer_size", "write")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.write = transport.write
        self.get_write_buffer_size = transport.get_write_buffer_size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "socket":
            return self
        return None if name in _UNASKED else self._transport.get_extra_info(name, default)

    def fileno(self) -> int:
        number: int = self._transport.get_extra_info("socket").fileno()
        return number

    def setsockopt(self, level: int, option: int, value: int) -> None:
        # uvloop sets it on every connection; asyncio does not where others have bound the socket
        by_uvloop = type(self._transport).__module__.startswith("uvloop")
        if option == socket.TCP_NODELAY and not by_uvloop:
            self._transport.get_extra_info("socket").setsockopt(level, option, value)

    def getsockopt(self, *option: object) -> int:
        return 0


_UNASKED = ("peername", "sockname")


# An adapter: of a logger, picows makes a child for each connection.
_log = _Quiet(logging.getLogger(__name__), {})
_get_buffer = WSProtocol.get_buffer  # without super(), which would be looked up at each read


class BoundedProtocol(WSProtocol):  # type: ignore[misc]
    """picows' protocol with a bound on what it reads at once."""

    @classmethod
    def serving(cls, listener: WSListener, max_message_bytes: int) -> Self:
        """A server's end of a WebSocket, without a ping or a timeout of its own."""
        return cls(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=lambda _: WSUpgradeResponseWithListener(_UNWRITTEN, listener),
            logger=_log,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,
            enable_auto_ping=False,
            auto_ping_idle_timeout=1,
            auto_ping_reply_timeout=1,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=max_message_bytes,
            extra_headers=None,
            read_buffer_init_size=INITIAL_BUFFER,
        )

    def get_buffer(self, size_hint: int) -> Any:
        buffer = _get_buffer(self, size_hint)
        return buffer if len(buffer) <= READ_BYTES else buffer[:READ_BYTES]

    def feed(self, data: bytes) -> None:
        """Take `data` as if it had been read."""
        while data:
            buffer = self.get_buffer(len(data))
            taken = min(len(buffer), len(data))
            buffer[:taken] = data[:taken]
            self.buffer_updated(taken)
            data = data[taken:]
