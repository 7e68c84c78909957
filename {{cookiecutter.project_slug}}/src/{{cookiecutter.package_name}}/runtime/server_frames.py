"""WebSocket frames as a server sends them: whole messages, not masked (RFC 6455)."""

from __future__ import annotations

from engineio.packet import Packet

TEXT, BINARY, PONG = 0x81, 0x82, 0x8A
"""First bytes of frames that are whole messages, and of the answer to a ping."""
_SHORT_TEXT = [bytes((TEXT, size)) for size in range(126)]


def text_frame(payload: bytes) -> bytes:
    """A whole text message."""
    size = len(payload)
    if size < 126:
        return _SHORT_TEXT[size] + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return frame(TEXT, payload)


def frame(kind: int, payload: bytes) -> bytes:
    """A whole message, or a control frame."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65536:
        return bytes((kind, 126)) + size.to_bytes(2) + payload
    return bytes((kind, 127)) + size.to_bytes(8) + payload


def frame_of(pkt: Packet) -> bytes:
    """The message of an Engine.IO packet."""
    encoded: str | bytes = pkt.encode()
    return text_frame(encoded.encode()) if isinstance(encoded, str) else frame(BINARY, encoded)


def head_size(frame: bytes) -> int:
    """How many bytes of a frame come before what is in it."""
    return 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
