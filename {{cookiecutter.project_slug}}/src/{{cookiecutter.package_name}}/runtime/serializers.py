"""What packets of Socket.IO are written in: JSON, its default, or MessagePack.

Both ends have to agree. A client that speaks the other one is told so in its own language.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple, Protocol

from socketio import packet

from . import messagepack
from .frames import MalformedFrame
from .messagepack import MessagePackPacket

SerializerName = Literal["json", "msgpack"]

CODE = "wrong_serializer"
"""Of the refusal that a client gets which speaks the other one."""
MAX_ATTACHMENTS = 8
_CONNECT = re.compile(r"0(/[^,?]{0,255})?")
_EVENT_HEAD = re.compile(r"2(?:(/[^,]{0,255}),)?(\d{1,15})?\[")
_SPEAK_MESSAGEPACK = (
    "this service speaks MessagePack (APP_SERIALIZER=msgpack). Tell the client so: "
    'io(url, { parser }) with parser from "socket.io-msgpack-parser" in JavaScript, '
    'Client(serializer="msgpack") in Python'
)
_SPEAK_JSON = (
    "this service speaks JSON (APP_SERIALIZER=json). Leave out parser in a JavaScript client, "
    "serializer in a Python client, or set APP_SERIALIZER=msgpack here"
)


class Addressee(NamedTuple):
    """Who is to be told of an event that is too large; `id` is of its acknowledgement."""

    namespace: str
    id: int | None


class OtherSerializer(MalformedFrame):
    """A client wants to enter `namespace`, and speaks the other serializer.

    :ivar answer: a refusal that it understands.
    """

    def __init__(self, namespace: str, message: str, kind: type[packet.Packet]) -> None:
        super().__init__(message)
        self.namespace = namespace
        refusal = {"message": message, "data": {"code": CODE}}
        self.answer: str | bytes = kind(packet.CONNECT_ERROR, refusal, namespace).encode()


class Serializer(Protocol):
    """What a server asks before python-socketio takes a message apart."""

    packet_class: type[packet.Packet]

    def takes(self, connection: str, message: Any, pending: bool) -> bool:
        """Whether `message` is small enough.

        :param pending: whether attachments are still to come.
        :raises MalformedFrame: if it is nothing that this serializer writes.
        :raises OtherSerializer: if the other one has written it.
        """

    def addressee(self, message: Any) -> Addressee | None:
        """Who sent an event that is not taken; ``None``: it is no event."""

    def forget(self, connection: str) -> None:
        """A connection is over."""


class Json:
    """JSON in text messages; the attachments of an event follow it, and count together."""

    packet_class = packet.Packet

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._attachment_bytes: dict[str, int] = {}

    def takes(self, connection: str, message: Any, pending: bool) -> bool:
        if isinstance(message, str):
            if pending:
                raise MalformedFrame
            if message[:1] in ("5", "6"):
                if int(message[1 : message.index("-")]) > MAX_ATTACHMENTS:
                    raise MalformedFrame
                self._attachment_bytes[connection] = 0
            return len(message) <= self._max_message_bytes  # characters: never more than bytes
        if not pending:
            head = messagepack.head_of(message) if isinstance(message, bytes) else None
            if head is not None and head.kind == packet.CONNECT:
                raise OtherSerializer(head.namespace, _SPEAK_JSON, MessagePackPacket)
            raise MalformedFrame
        self._attachment_bytes[connection] += len(message)
        if self._attachment_bytes[connection] > self._max_message_bytes:
            raise MalformedFrame
        return True

    def addressee(self, message: Any) -> Addressee | None:
        head = _EVENT_HEAD.match(message[:300]) if isinstance(message, str) else None
        return head and Addressee(head[1] or "/", int(head[2]) if head[2] else None)

    def forget(self, connection: str) -> None:
        self._attachment_bytes.pop(connection, None)


class MessagePack:
    """A map in a binary message, bytes included."""

    packet_class = MessagePackPacket

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes

    def takes(self, connection: str, message: Any, pending: bool) -> bool:
        if isinstance(message, bytes):
            return len(message) <= self._max_message_bytes
        connect = _CONNECT.match(message) if isinstance(message, str) else None
        if connect is not None:
            raise OtherSerializer(connect[1] or "/", _SPEAK_MESSAGEPACK, packet.Packet)
        raise MalformedFrame

    def addressee(self, message: Any) -> Addressee | None:
        head = messagepack.head_of(message)
        if head is None or head.kind != packet.EVENT:
            return None
        return Addressee(head.namespace, head.id)

    def forget(self, connection: str) -> None:
        """Nothing is kept."""


def serializer_of(name: SerializerName, max_message_bytes: int) -> Serializer:
    kind = MessagePack if name == "msgpack" else Json
    return kind(max_message_bytes)
