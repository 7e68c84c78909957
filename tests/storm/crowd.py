"""A thousand clients in one process: only as much of WebSocket and Socket.IO as reading takes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Callable

PONG = b"\x81\x81\x00\x00\x00\x003"
"""``3`` in a masked frame."""
LITTLE = 4096
"""Bytes the kernel may take in for a client that does not read."""
OPEN_SECONDS = 60.0


class Reader(asyncio.Protocol):
    """Joins a room and gives each message's bytes to `heard`."""

    def __init__(self, token: str, room: str, heard: Callable[[bytes], None]) -> None:
        self._token = token
        self._room = room
        self._heard = heard
        self._buffer = bytearray()
        self._upgraded = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When the service hung up, by the monotonic clock."""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade",
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
        )
        transport.write("\r\n".join(head).encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(time.monotonic())
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("closed before it had joined"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer[:200])
            del self._buffer[: end + 4]
            self._upgraded = True
        start = 0
        while (frame := _frame(self._buffer, start)) is not None:
            begin, start = frame
            self._take(bytes(self._buffer[begin:start]))
        del self._buffer[:start]

    def send(self, text: str) -> None:
        """Send a text frame, masked with zeros."""
        data = text.encode()
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.transport.write(b"\x81" + length + b"\0\0\0\0" + data)

    def pong(self) -> None:
        self.transport.write(PONG)

    def _take(self, payload: bytes) -> None:
        if payload.startswith(b'42/chat,["message"'):
            self._heard(payload)
        elif payload == b"2":
            self.pong()
        elif payload[:1] == b"0":
            self.send("40/chat," + json.dumps({"token": self._token}))
        elif payload.startswith(b"40/chat"):
            self.send('42/chat,1["join",' + json.dumps({"room": self._room}) + "]")
        elif payload.startswith(b"43/chat,1[") and not self.joined.done():
            self.joined.set_result(None)


def _frame(data: bytearray, start: int) -> tuple[int, int] | None:
    """Where the payload of the next frame begins and ends; ``None``: there is not all of it."""
    if len(data) < start + 2:
        return None
    size, begin = data[start + 1] & 0x7F, start + 2
    if size > 125:
        wide = 2 if size == 126 else 8
        if len(data) < begin + wide:
            return None
        size = int.from_bytes(data[begin : begin + wide], "big")
        begin += wide
    return (begin, begin + size) if len(data) >= begin + size else None


async def enter(
    port: int, token: str, room: str, heard: Callable[[bytes], None], *, little: bool = False
) -> Reader:
    """A client that has joined.

    :param little: whether the kernel is to keep little for it.
    """
    raw = socket.socket()
    raw.setblocking(False)
    if little:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(OPEN_SECONDS):
        await loop.sock_connect(raw, ("127.0.0.1", port))
        _, reader = await loop.create_connection(lambda: Reader(token, room, heard), sock=raw)
        await reader.joined
    return reader
