"""A WebSocket client that can break every rule: it writes frames byte by byte."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .target import PATIENCE, Target

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    claims: int | None = None,
) -> bytes:
    """A client's frame. `claims`: the length in its head, whatever follows."""
    size = len(payload) if claims is None else claims
    head = bytes([fin << 7 | rsv << 4 | opcode])
    mark = masked << 7
    if size < 126:
        head += bytes([mark | size])
    elif size < 65536:
        head += bytes([mark | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mark | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    pattern = (mask * (len(payload) // 4 + 1))[: len(payload)]
    xored = int.from_bytes(payload) ^ int.from_bytes(pattern)
    return head + mask + xored.to_bytes(len(payload))


@dataclass
class Raw:
    connection: socket.socket

    def send(self, *frames: bytes, chop: int | None = None) -> None:
        data = b"".join(frames)
        size = chop or len(data)
        for start in range(0, len(data), size):
            self.connection.sendall(data[start : start + size])

    def next(self) -> tuple[int, bytes]:
        """The next frame of the server: whole and unmasked, as all of them have to be.

        Pings of Engine.IO are passed over.

        :raises EOFError: the connection was closed.
        """
        while (found := self._frame()) == (TEXT, b"2"):
            pass
        return found

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        assert first & 0xF0 == 0x80
        assert second < 128
        size = second
        if size > 125:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8))
        return first & 0x0F, self._exactly(size)

    def is_over(self, seconds: float = PATIENCE) -> bool:
        """Whether the server closes now, and sends nothing before that."""
        self.connection.settimeout(seconds)
        return self.connection.recv(1) == b""

    def close_code(self) -> int | None:
        """The code the server closes with, after whatever else it sends; and then the end."""
        while True:
            opcode, payload = self.next()
            if opcode == CLOSE:
                break
        with suppress(ConnectionError):  # what it had not read yet may reset the connection
            self.send(frame(CLOSE, payload))
            assert self.is_over()
        return int.from_bytes(payload[:2]) if payload else None

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            part = self.connection.recv(size - len(received))
            if not part:
                raise EOFError
            received += part
        return bytes(received)


def request(
    target: Target, query: str = "EIO=4&transport=websocket", **headers: str
) -> tuple[int, Raw]:
    """Ask for a WebSocket; the status and the connection."""
    connection = socket.create_connection(("127.0.0.1", target.port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    fields = {
        "Host": f"127.0.0.1:{target.port}",
        "Connection": "keep-alive, Upgrade",  # as Firefox has it
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    head = "\r\n".join([f"GET {target.path}?{query} HTTP/1.1", *lines, "", ""])
    connection.sendall(head.encode())
    answer = bytearray()
    while not answer.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, "closed without an answer"
        answer += byte
    if b" 101 " in answer:
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
    return int(answer.split()[1]), Raw(connection)


@contextmanager
def opened(target: Target) -> Iterator[Raw]:
    """A WebSocket past Engine.IO's handshake."""
    status, raw = request(target)
    with raw.connection:
        assert status == 101
        opcode, payload = raw.next()
        assert (opcode, payload[:1]) == (TEXT, b"0")
        yield raw
