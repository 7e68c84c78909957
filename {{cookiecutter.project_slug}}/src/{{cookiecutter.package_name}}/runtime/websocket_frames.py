"""WebSocket frames as a client sends them: control frames among them, and masked (RFC 6455)."""

from __future__ import annotations

CLOSE = 0x88
"""First byte of the frame that ends a connection."""
MASKED = 0x80
"""In the second byte of every frame that a client sends."""


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
