"""Connections to Redis that spend less on a command than redis-py's: these pack with hiredis."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from redis.connection import HiredisRespSerializer
from redis.exceptions import TimeoutError as RedisTimeoutError

from ...runtime.mode import within

_pack: Any = HiredisRespSerializer().pack  # of redis-py, for its connections that do not await


class QuickConnection:
    """Goes before a connection class of redis-py's, whose asyncio ones pack in Python.

    That and a deadline for each answer, those of a pipeline that are there already included, were a
    third of a message's time. Traces and pools see nothing of it.
    """

    socket_timeout: float | None

    def pack_command(self, *args: Any) -> list[bytes]:
        """A command as it is sent."""
        packed: list[bytes] = _pack(*args)
        return packed

    async def read_response(
        self, disable_decoding: bool = False, timeout: float | None = None, **options: Any
    ) -> Any:
        """An answer, within ``socket_timeout`` if it has to be waited for and `timeout` is none."""
        connection: Any = super()
        read = partial(connection.read_response, disable_decoding, **options)
        if timeout is not None or self.socket_timeout is None:
            return await read(timeout)
        try:
            return await within(self.socket_timeout, partial(read, math.inf))
        except TimeoutError:
            raise RedisTimeoutError("Redis has not answered in time") from None

    async def _read_response_from_parser(self, *args: Any, **options: Any) -> Any:
        # ETIMEDOUT, a lost connection, is the class by which redis-py knows its own deadlines
        connection: Any = super()
        try:
            return await connection._read_response_from_parser(*args, **options)
        except TimeoutError as error:
            raise ConnectionResetError(*error.args) from error


def quick(connection_class: type[Any]) -> type[Any]:
    """The same connections, only quicker."""
    return type(connection_class.__name__, (QuickConnection, connection_class), {})
