"""The fast engine where packets are MessagePack: binary messages, which go the short way too."""

from __future__ import annotations

from typing import Any

from socketio.packet import ACK

from .. import messagepack
from ..codec import values_of
from ..prepared import Packed
from ..server_frames import BINARY, frame
from .realtime import FastServer
from .session import Session
from .tasks import Call


class FastMessagePackServer(FastServer):
    """As :class:`~.realtime.FastServer`, for clients that speak MessagePack."""

    prepared = Packed

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.eio.binary = self._packed_call

    def event_call(self, session: Session, message: str) -> None:
        """Text is of a client that speaks JSON: the long way tells it so."""

    def acknowledge(self, session: Session, namespace: str, ack_id: str, result: Any) -> None:
        packed = messagepack.encode(ACK, namespace, values_of(result), int(ack_id))
        session.put(frame(BINARY, packed))

    def _packed_call(self, session: Session, message: bytes) -> Call:
        return self._packed_event(session, message) or self.eio.message_call(session, message)

    def _packed_event(self, session: Session, message: bytes) -> Call | None:
        if len(message) > self._max_message_bytes:
            return None
        event = messagepack.event_of(message)
        return None if event is None else self.call_of(session, *event)
