"""WebSocket frames as a server sends them: whole messages, not masked (RFC 6455)."""

from __future__ import annotations

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
"""First bytes of frames that are whole messages, or control frames."""
MASKED = 0x80
"""In the second byte of every frame that a client sends."""

_SHORT_TEXT = [bytes((TEXT, size)) for size in range(126)]


def text_frame(payload: bytes) -> bytes:
    """A whole text message."""
    size = len(payload)
    return _SHORT_TEXT[size] + payload if size < 126 else frame(TEXT, payload)


def frame(kind: int, payload: bytes) -> bytes:
    """A whole message, or a control frame."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 65536:
        return bytes((kind, 126)) + size.to_bytes(2) + payload
    return bytes((kind, 127)) + size.to_bytes(8) + payload


def head_size(frame: bytes) -> int:
    """How many bytes of a frame, one that is not masked, come before what is in it."""
    return 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10


def extent(data: bytes | bytearray) -> tuple[int, int] | None:
    """Where the payload of the frame begins with which `data` begins, and its size.

    ``None`` if the head is not complete yet.
    """
    if len(data) < 2:
        return None
    size = data[1] & 0x7F
    head = 2
    if size >= 126:
        head = 4 if size == 126 else 10
        if len(data) < head:
            return None
        size = int.from_bytes(data[2:head])
    return head + 4 * (data[1] >= MASKED), size


def unmasked(data: bytes | bytearray, begin: int, size: int) -> bytes:
    """The payload that a client has masked with the four bytes before it."""
    key = data[begin - 4 : begin] * (size // 4 + 1)
    mask = int.from_bytes(key[:size], "little")
    payload = int.from_bytes(data[begin : begin + size], "little")
    return (payload ^ mask).to_bytes(size, "little")
