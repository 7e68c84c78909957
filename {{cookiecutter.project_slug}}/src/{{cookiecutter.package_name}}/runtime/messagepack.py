"""MessagePack for Socket.IO by msgspec: a map a packet, as ``socket.io-msgpack-parser`` has it.

What may be in it is what may be in JSON, and bytes: handlers and clients see the same types with
either.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta
from socketio import packet

from .client_event import ClientEvent, client_event

_BYTES = (bytes, bytearray)
_PLAIN = frozenset({str, int, bool, bytes, type(None)})
_TEXT = frozenset({str})
_UNDEFINED = (0, b"\0")
"""The extension by which JavaScript's parser writes ``undefined``."""
_EVENT = re.compile(rb"[\x83\x84]\xa4type\x02\xa3nsp")
"""How :func:`encode` begins an event."""


class Head(msgspec.Struct):
    """A packet whose `data` were only skipped, which costs no memory whatever they declare.

    What else a client sends along, as JavaScript's does its ``options``, does not matter.
    """

    kind: Annotated[int, Meta(ge=packet.CONNECT, le=packet.CONNECT_ERROR)] = msgspec.field(
        name="type"
    )
    namespace: str = msgspec.field(name="nsp")
    data: msgspec.Raw = msgspec.Raw(b"\xc0")
    id: Annotated[int, Meta(ge=0)] | None = None


def _extension(code: int, data: memoryview) -> object:
    if (code, bytes(data)) != _UNDEFINED:
        raise ValueError("an extension, for which JSON has no form")
    return UNSET


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode = msgspec.msgpack.Decoder(ext_hook=_extension).decode


def encode(kind: int, namespace: str | None, data: Any, id: int | None = None) -> bytes:
    """A packet. As in JSON, structs become objects, and times text.

    :raises TypeError: for a type there is no form for.
    """
    fields: dict[str, Any] = {"type": kind, "nsp": namespace or "/"}
    if data is not None:  # JavaScript's parser wants it left out
        fields["data"] = msgspec.to_builtins(data, builtin_types=_BYTES, str_keys=True)
    if id is not None:
        fields["id"] = id
    return _encode(fields)


def decode(message: bytes) -> tuple[Head, Any]:
    """A packet and its data.

    :raises ValueError: if `message` is no packet, is nested too deeply, or has what JSON has no
        form for.
    """
    try:
        head = _decode_head(message)
        return head, _as_in_json(_decode(head.data))
    except RecursionError:
        raise ValueError("MessagePack is nested too deeply") from None


def event_of(message: bytes) -> ClientEvent | None:
    """An event that a client may send; ``None`` if `message` is anything else."""
    try:
        head, data = decode(message)
    except ValueError:
        return None
    if head.kind != packet.EVENT:
        return None
    return client_event(head.namespace, "" if head.id is None else str(head.id), data)


def head_of(message: bytes) -> Head | None:
    """A packet without its data; ``None`` if `message` is none."""
    try:
        return _decode_head(message)
    except (ValueError, RecursionError):
        return None


def _as_in_json(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [_as_in_json(item) for item in value]
    if kind is dict and _TEXT.issuperset(map(type, value)):
        if _PLAIN.issuperset(map(type, value.values())):
            return value
        return {key: _as_in_json(item) for key, item in value.items() if item is not UNSET}
    if value is UNSET:
        return None
    raise ValueError(f"{kind.__name__}, for which JSON has no form")


class MessagePackPacket(packet.Packet):  # type: ignore[misc]
    """A packet for python-socketio, whose own kind of it needs another library."""

    uses_binary_events = False

    def encode(self) -> bytes:
        return encode(self.packet_type, self.namespace, self.data, self.id)

    def decode(self, encoded_packet: bytes) -> None:
        head, self.data = decode(encoded_packet)
        self.packet_type, self.namespace, self.id = head.kind, head.namespace, head.id


def event_in(beginning: bytes) -> tuple[str, str] | None:
    """Namespace and event, from the beginning of a packet that was made here."""
    found = _EVENT.match(beginning)
    if found is None:
        return None
    try:
        namespace, end = _text_at(beginning, found.end())
        data, arguments = beginning[end : end + 5], beginning[end + 5]
        if data != b"\xa4data" or arguments & 0xF0 != 0x90:
            return None
        return namespace, _text_at(beginning, end + 6)[0]
    except (IndexError, ValueError):
        return None


def field_in(beginning: bytes, name: str) -> str | None:
    """The first text field called `name` in the beginning of a packet."""
    _, found, rest = beginning.partition(_encode(name))
    try:
        return _text_at(rest, 0)[0] if found else None
    except (IndexError, ValueError):
        return None


def _text_at(data: bytes, place: int) -> tuple[str, int]:
    """A text of up to 255 bytes, and where it ends."""
    head = data[place]
    if head == 0xD9:
        place += 1
        size = data[place]
    elif head & 0xE0 == 0xA0:
        size = head & 0x1F
    else:
        raise ValueError("no short text")
    end = place + 1 + size
    if end > len(data):
        raise ValueError("cut off")
    return data[place + 1 : end].decode(), end
