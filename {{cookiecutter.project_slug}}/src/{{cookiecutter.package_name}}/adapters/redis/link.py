"""The way to Redis: one bounded pool, one deadline a call, one verdict on whether Redis answers."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterCrossSlotError,
    ClusterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ...domain.errors import Unavailable
from ...runtime.metrics import BACKEND_SECONDS, BACKEND_UP, observing
from ...runtime.mode import Task, sleep, spawn, stop, timeout
from .primary import Primary, PrimaryConnection, PrimarySSLConnection
from .quick import quick
from .scripts import Script, Scripts
from .urls import keepalive, plain_url, sentinels

_log = logging.getLogger(__name__)
T = TypeVar("T")

CALL_SECONDS = 2.0
"""A call's deadline, waiting for a connection included."""
SOCKET_SECONDS = 0.9 * CALL_SECONDS
"""Sooner than the deadline, which would leave the socket to the garbage collection."""
MAX_CONNECTIONS = 16
COMPLAINT_SECONDS = 10.0
"""Least time between two log lines about commands that Redis refuses."""
TIMEOUTS = (RedisTimeoutError, TimeoutError)
OF_CLUSTERS = (ClusterCrossSlotError, ClusterDownError, MovedError)


def connect(
    url: str, primary: Primary | None, *, connections: int, decode: bool, retry: bool
) -> Redis:
    """A client that connects when it is first used.

    :param primary: where the Sentinels are asked that `url` names.
    :param retry: whether to repeat a command once whose connection broke, or whose server has
        become a replica, on a new connection.
    """
    again = Retry(NoBackoff(), 1, (RedisConnectionError, ReadOnlyError))
    never = Retry(NoBackoff(), 0, ())
    pool: Any = BlockingConnectionPool.from_url(
        plain_url(url),
        max_connections=connections,
        timeout=2 * CALL_SECONDS,  # the call's own deadline comes first
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        **keepalive(url),
        decode_responses=decode,
        retry=again if retry else never,
        protocol=2,
        driver_info=None,  # saves a round trip with each new connection
    )
    if primary is not None:
        secure = pool.connection_class is SSLConnection
        pool.connection_class = PrimarySSLConnection if secure else PrimaryConnection
        pool.connection_kwargs["connection_pool"] = primary
    pool.connection_class = quick(pool.connection_class)
    return Redis.from_pool(pool)


def delays() -> Iterator[float]:
    """Seconds to wait before each next attempt: 0.1 to 2, spread so that workers do not align."""
    delay = 0.1
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        delay = min(2.0, delay * 2)


class RedisLink:
    """Runs commands on Redis.

    When it gives no answer, calls fail at once, without waiting, until it answers a ping: a frozen
    Redis costs a few calls their deadline, not every call. A call that takes too long while others
    are answered is no sign of that, but of too many calls.
    """

    def __init__(self, url: str) -> None:
        named = sentinels(url)
        self.primary = None if named is None else Primary(named)
        """Where that is asked of Sentinels."""
        self.client = connect(
            url, self.primary, connections=MAX_CONNECTIONS, decode=True, retry=True
        )
        self.up = True
        self._scripts = Scripts(self.client, self.call)
        self._answered = time.monotonic()
        self._probe: Task | None = None
        self._complained = 0.0
        self._measure = observing(BACKEND_SECONDS.labels("redis"))
        self._is_single = False
        BACKEND_UP.labels("redis").set(1)

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        """The result of `command`.

        :raises Unavailable: if Redis is known not to answer, does not, or refuses.
        """
        if not self.up:
            raise Unavailable("store")
        return await self._attempt(command)

    async def ping(self) -> None:
        """Ask for a sign of life even while calls fail at once.

        :raises Unavailable: if there is none.
        """
        await self._attempt(self.client.ping)

    async def require_single(self, prefix: str) -> None:
        """Read two keys at once, which a node of a cluster refuses, as it would the scripts.

        :raises Unavailable: if it does.
        """
        if not self._is_single:
            await self.call(partial(self.client.mget, f"{prefix}:one", f"{prefix}:two"))
            self._is_single = True

    def leads_there(self, connection: Any) -> bool:
        """Whether `connection` is to the Redis that is now the primary, as far as is known."""
        there = self.primary
        return there is None or there.address == (connection.host, connection.port)

    def script(self, text: str) -> Script:
        """A Lua script, to be called with its keys and arguments. Raises as :meth:`call` does."""
        registered = self._scripts.register(text)

        async def run(keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
            if not self.up:
                raise Unavailable("store")
            return await registered(keys, args)

        return run

    def report_up(self) -> None:
        """Redis has answered."""
        if not self.up:
            self.up = True
            BACKEND_UP.labels("redis").set(1)
            _log.info("Redis answers again")

    async def close(self) -> None:
        if self._probe is not None:
            await stop(self._probe)
        await self._scripts.close()
        await self.client.aclose()

    async def _attempt(self, command: Callable[[], Awaitable[T]]) -> T:
        started = time.monotonic()
        try:
            async with timeout(CALL_SECONDS):
                result = await command()
        except TIMEOUTS as error:
            if time.monotonic() - self._answered > 0.9 * CALL_SECONDS:
                self._report_down("no reply in time")
            raise Unavailable("store") from error
        except (RedisConnectionError, OSError) as error:
            self._report_down(str(error))
            raise Unavailable("store") from error
        except RedisError as error:  # out of memory, read-only, no permission, a wrong type
            self._complain(error)
            raise Unavailable("store") from error
        finally:
            self._measure(time.monotonic() - started)
        self._answered = time.monotonic()
        return result

    def _report_down(self, reason: str) -> None:
        if self.up:
            self.up = False
            BACKEND_UP.labels("redis").set(0)
            _log.warning("Redis does not answer: %s", reason)
            self._probe = spawn(self._wait_until_up)

    async def _wait_until_up(self) -> None:
        for delay in delays():
            await sleep(delay)
            if self.up:
                return
            try:
                await self.ping()
            except Unavailable:
                continue
            self.report_up()
            return

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        if not self._complained or now - self._complained > COMPLAINT_SECONDS:
            self._complained = now
            _log.error("Redis refuses a command: %s: %s", type(error).__name__, error)
            if isinstance(error, OF_CLUSTERS):
                _log.error("REDIS_URL names a node of a cluster; it has to be a single Redis")
