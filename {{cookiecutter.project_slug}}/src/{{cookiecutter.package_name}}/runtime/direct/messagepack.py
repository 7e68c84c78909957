"""Direct sessions where packets are MessagePack: binary messages, which go the short way too."""

from __future__ import annotations

from typing import Any

from socketio.packet import ACK

from .. import messagepack
from ..codec import values_of
from ..prepared import Packed
from ..server_frames import BINARY, frame
from .realtime import DirectServer
from .session import Session


class DirectMessagePackServer(DirectServer):
    """As :class:`~.realtime.DirectServer`, for clients that speak MessagePack."""

    prepared = Packed

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.eio.binary = self.handle_binary

    def handle_event(self, session: Session, message: str) -> bool:
        """Text is of a client that speaks JSON: the long way tells it so."""
        return False

    def handle_binary(self, session: Session, message: bytes) -> None:
        """Handle a packet, an event beyond doubt without a detour."""
        if not self._handle_packed(session, message):
            self.eio._trigger_event("message", session.sid, message, run_async=False)

    def acknowledge(self, session: Session, namespace: str, ack_id: str, result: Any) -> None:
        packed = messagepack.encode(ACK, namespace, values_of(result), int(ack_id))
        session.put(frame(BINARY, packed))

    def _handle_packed(self, session: Session, message: bytes) -> bool:
        if len(message) > self._max_message_bytes:
            return False
        event = messagepack.event_of(message)
        return event is not None and self.carry_out(session, *event)
