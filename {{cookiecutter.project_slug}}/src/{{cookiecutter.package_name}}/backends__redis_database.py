"""Where this service keeps its data: messages in a database, what workers share in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click
import msgspec
from socketio import AsyncManager

from .adapters.database import (
    DatabaseStores,
    database_problems,
    migrate_command,
    open_stores,
)
from .adapters.memory import (
    MemoryLeases,
    MemoryLimiter,
    MemoryPresence,
    MemoryRevocations,
    MemoryTickStore,
    NoSignals,
)
from .adapters.redis import RedisStores, open_redis, redis_problems
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

Checks = Mapping[str, Callable[[], Awaitable[None]]]


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
    checks: Checks


class BackendSettings(msgspec.Struct, frozen=True, kw_only=True):
    redis_url: Secret | None = None
    database_url: Secret | None = None


def backend_problems(settings: BackendSettings, *, env: str, workers: int) -> list[str]:
    """Why these settings must not start, a sentence each; never with a URL's password."""
    problems = database_problems(_reveal(settings.database_url), env=env)
    if settings.redis_url is not None:
        problems += redis_problems(settings.redis_url.reveal())
    elif env == "production":
        problems.append("REDIS_URL is missing; in production it names the Redis all workers share")
    elif workers > 1:
        problems.append(
            "REDIS_URL is missing; without it there can be one worker: WEB_CONCURRENCY=1"
        )
    return problems


def commands(settings: Callable[[], BackendSettings]) -> list[click.Command]:
    """What the backends add to the command line."""
    return [migrate_command(lambda: _reveal(settings().database_url)), plan]


@asynccontextmanager
async def open_backends(
    settings: BackendSettings, *, prefix: str, history_size: int
) -> AsyncIterator[Backends]:
    """Connect this worker; everything is closed at the end.

    :param prefix: what the names of all keys and channels in Redis begin with.
    :param history_size: messages kept in each room.
    """
    url = _reveal(settings.database_url)
    async with open_stores(url, history_size=history_size) as stores:
        checks = {"database": stores.log.ping}
        if settings.redis_url is None:
            yield _in_memory(stores, checks)
            return
        async with open_redis(settings.redis_url.reveal(), prefix=prefix) as redis:
            yield _on_redis(redis, stores, checks | {"redis": redis.check})


def _reveal(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None


def _in_memory(stores: DatabaseStores, checks: Checks) -> Backends:
    return Backends(
        log=stores.log,
        history=stores.history,
        presence=MemoryPresence(),
        limiter=MemoryLimiter(),
        revocations=MemoryRevocations(),
        ticks=MemoryTickStore(),
        leases=MemoryLeases(),
        signals=NoSignals(),
        client_manager=AsyncManager(),
        checks=checks,
    )


def _on_redis(redis: RedisStores, stores: DatabaseStores, checks: Checks) -> Backends:
    return Backends(
        log=stores.log,
        history=stores.history,
        presence=redis.presence,
        limiter=redis.limiter,
        revocations=redis.revocations,
        ticks=redis.ticks,
        leases=redis.leases,
        signals=redis.signals,
        client_manager=redis.client_manager,
        checks=checks,
    )
