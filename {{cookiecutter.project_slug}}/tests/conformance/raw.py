"""A WebSocket client that can break every rule: it writes frames byte by byte."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *frames: bytes, chop: int | None = None) -> None:
        data = b"".join(frames)
        for start in range(0, len(data), chop or len(data)):
            self.writer.write(data[start : start + (chop or len(data))])
            await self.writer.drain()
            if chop:
                await asyncio.sleep(0)

    async def next(self) -> tuple[int, bytes]:
        """The next frame of the server: whole and unmasked, as all of them have to be.

        :raises IncompleteReadError: the connection was closed.
        """
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            assert first & 0xF0 == 0x80
            assert second < 128
            size = second
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int | None:
        """The code the server closes with, after whatever else it sends; and then the end."""
        while True:
            opcode, payload = await self.next()
            if opcode == CLOSE:
                break
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionError):  # what it had not read yet may reset the connection
                self.writer.write(frame(CLOSE, payload))
                assert await self.reader.read() == b""
        return int.from_bytes(payload[:2]) if payload else None


async def request(target: Target, **headers: str) -> tuple[int, Raw]:
    """Ask for a WebSocket; the status and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    fields = {
        "Host": f"127.0.0.1:{target.port}",
        "Connection": "keep-alive, Upgrade",  # as Firefox has it
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    head = "\r\n".join([f"GET {target.path}?EIO=4&transport=websocket HTTP/1.1", *lines, "", ""])
    writer.write(head.encode())
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " in answer:
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
    return int(answer.split()[1]), Raw(reader, writer)


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Raw]:
    """A WebSocket past Engine.IO's handshake."""
    status, raw = await request(target)
    try:
        assert status == 101
        opcode, payload = await raw.next()
        assert (opcode, payload[:1]) == (TEXT, b"0")
        yield raw
    finally:
        raw.writer.close()
