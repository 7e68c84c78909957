"""Where this service keeps its data: in Redis; in memory while developing without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click
import msgspec
from socketio import AsyncManager

from .adapters.memory import (
    MemoryLeases,
    MemoryLimiter,
    MemoryMessageLog,
    MemoryPresence,
    MemoryRevocations,
    MemoryTickHistory,
    MemoryTickStore,
    NoSignals,
)
from .adapters.redis import RedisMessageLog, RedisStores, open_redis, redis_problems
from .adapters.redis.commands import plan
from .ports import (
    Leases,
    Limiter,
    MessageLog,
    PresenceStore,
    Revocations,
    Signals,
    TickHistory,
    TickStore,
)
from .runtime.environment import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """The adapters the service runs on.

    `checks`: by name, whether a backend is fit for use; each raises if it is not.
    """

    log: MessageLog
    presence: PresenceStore
    limiter: Limiter
    revocations: Revocations
    ticks: TickStore
    history: TickHistory
    leases: Leases
    signals: Signals
    client_manager: AsyncManager
    checks: Mapping[str, Callable[[], Awaitable[None]]]


class BackendSettings(msgspec.Struct, frozen=True, kw_only=True):
    redis_url: Secret | None = None


def backend_problems(settings: BackendSettings, *, env: str, workers: int) -> list[str]:
    """Why these settings must not start, a sentence each; never with a URL's password."""
    if settings.redis_url is not None:
        return redis_problems(settings.redis_url.reveal())
    if env == "production":
        return ["REDIS_URL is missing; in production it names the Redis that all workers share"]
    if workers > 1:
        return ["REDIS_URL is missing; without it there can be one worker: WEB_CONCURRENCY=1"]
    return []


def commands(settings: Callable[[], BackendSettings]) -> list[click.Command]:
    """What the backends add to the command line."""
    return [plan]


@asynccontextmanager
async def open_backends(
    settings: BackendSettings, *, prefix: str, history_size: int
) -> AsyncIterator[Backends]:
    """Connect this worker; everything is closed at the end.

    :param prefix: what the names of all keys and channels in Redis begin with.
    :param history_size: messages kept in each room.
    """
    if settings.redis_url is None:
        yield _in_memory(MemoryMessageLog(history_size))
        return
    async with open_redis(settings.redis_url.reveal(), prefix=prefix) as redis:
        log = RedisMessageLog(redis.link, prefix=prefix, history_size=history_size)
        yield _on_redis(redis, log)


def _in_memory(log: MessageLog) -> Backends:
    return Backends(
        log=log,
        presence=MemoryPresence(),
        limiter=MemoryLimiter(),
        revocations=MemoryRevocations(),
        ticks=MemoryTickStore(),
        history=MemoryTickHistory(),
        leases=MemoryLeases(),
        signals=NoSignals(),
        client_manager=AsyncManager(),
        checks={},
    )


def _on_redis(redis: RedisStores, log: MessageLog) -> Backends:
    return Backends(
        log=log,
        presence=redis.presence,
        limiter=redis.limiter,
        revocations=redis.revocations,
        ticks=redis.ticks,
        history=redis.history,
        leases=redis.leases,
        signals=redis.signals,
        client_manager=redis.client_manager,
        checks={"redis": redis.check},
    )
