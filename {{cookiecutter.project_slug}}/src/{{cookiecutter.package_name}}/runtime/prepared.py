"""An event for many: encoded once, the same bytes for everybody."""

from __future__ import annotations

from typing import Any

import msgspec
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio.packet import EVENT, Packet

from . import codec, messagepack
from .server_frames import BINARY, frame, frame_of, text_frame


class Prepared:
    """An event, encoded once for all who get it.

    :ivar frames: what is written to a WebSocket: the event and its attachments.
    """

    __slots__ = ("_event", "_namespace", "frames")

    def __init__(self, namespace: str, event: list[Any]) -> None:
        self._namespace = namespace
        self._event = event
        if isinstance(event[-1], msgspec.Struct) or not codec.holds_bytes(event):
            head = "42" if namespace == "/" else f"42{namespace},"
            self.frames = [text_frame(head.encode() + codec.encode(event))]
        else:
            self.frames = [frame_of(packet) for packet in self.packets()]

    def packets(self) -> list[EnginePacket]:
        """The same as Engine.IO packets, for those who poll."""
        encoded = Packet(EVENT, self._event, self._namespace).encode()
        packets = encoded if isinstance(encoded, list) else [encoded]
        return [EnginePacket(MESSAGE, packet) for packet in packets]


class Packed(Prepared):
    """An event in MessagePack, encoded once for all who get it."""

    __slots__ = ("_payload",)

    def __init__(self, namespace: str, event: list[Any]) -> None:
        self._payload = messagepack.encode(EVENT, namespace, event)
        self.frames = [frame(BINARY, self._payload)]

    def packets(self) -> list[EnginePacket]:
        return [EnginePacket(MESSAGE, self._payload)]
