"""Direct sessions where packets are MessagePack: binary messages, which go the short way too."""

from __future__ import annotations

from typing import Any

from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio.packet import ACK, EVENT

from .. import messagepack
from ..server import RESERVED_EVENTS
from ..websocket_frames import BINARY, frame
from .manager import Prepared
from .realtime import DirectServer, values_of
from .session import Session


class Packed(Prepared):
    """An event in MessagePack, encoded once for all who get it."""

    __slots__ = ("_payload",)

    def __init__(self, namespace: str, event: list[Any]) -> None:
        self._payload = messagepack.encode(EVENT, namespace, event)
        self.frames = [frame(BINARY, self._payload)]

    def packets(self) -> list[EnginePacket]:
        return [EnginePacket(MESSAGE, self._payload)]


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
        if event is None or event.data[0] in RESERVED_EVENTS:
            return False
        return self.carry_out(session, *event)
