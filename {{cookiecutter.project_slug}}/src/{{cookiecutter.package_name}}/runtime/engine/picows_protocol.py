"""picows, attached to a connection that uvicorn accepted."""

from __future__ import annotations

import logging
from typing import Any, Self

from picows import WSAutoPingStrategy, WSListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]

READ_BYTES = 65536
"""Read at once. picows doubles its buffer whenever a read fills it, and never gives it back."""
INITIAL_BUFFER = 2048


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """Clients that break the protocol are of interest to debugging only; our own faults are not."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        level = level if kwargs.get("exc_info") else logging.DEBUG
        super().log(level, msg, *args, **kwargs)


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
            ws_listener_factory=lambda _: listener,
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
