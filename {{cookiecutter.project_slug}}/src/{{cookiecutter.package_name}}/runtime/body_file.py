"""A body that arrives, as the file that WSGI makes of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import IO

from .flask_app import inside_loop, run_on_loop
from .incoming_body import IncomingBody

Buffer = bytearray | memoryview


class BodyFile(io.RawIOBase):
    """Read in a thread, which waits for the loop. A read gives what has come, up to its size."""

    def __init__(self, body: IncomingBody) -> None:
        self.body = body
        self._loop = asyncio.get_running_loop()
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]
        """
        :raises RuntimeError: on the loop, which would wait for itself.
        """
        if not self._chunk:
            if inside_loop():
                raise RuntimeError("a body that arrives cannot be read as a file in async code")
            self._chunk = memoryview(run_on_loop(self._loop, self.body.next()))
        size = min(len(buffer), len(self._chunk))
        buffer[:size] = self._chunk[:size]
        self._chunk = self._chunk[size:]
        return size


async def chunks(file: IO[bytes] | BodyFile, max_bytes: int) -> AsyncIterator[bytes]:
    """What is in a ``wsgi.input``, as it comes, on the loop."""
    if isinstance(file, BodyFile):
        file.body.allow(max_bytes)
        async for chunk in file.body:
            yield chunk
    else:
        yield file.read()
