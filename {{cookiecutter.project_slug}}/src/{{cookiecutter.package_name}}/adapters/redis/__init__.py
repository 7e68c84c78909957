"""Everything that workers share, in Redis (or Valkey)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ...domain.errors import Unavailable
from ...domain.ticks import PRODUCER
from ...runtime import tracing
from .leases import RedisLeases
from .limiter import RedisLimiter
from .link import RedisLink
from .manager import SignalsManager
from .message_log import RedisMessageLog
from .presence import RedisPresence
from .revocations import RedisRevocations
from .signals import RedisSignals
from .tick_history import RedisTickHistory
from .ticks import RedisTickStore
from .urls import redis_problems

__all__ = ["RedisMessageLog", "RedisStores", "open_redis", "redis_problems"]


@dataclass(frozen=True, slots=True)
class RedisStores:
    """The adapters of one worker, sharing its connections."""

    worker: str
    """Names this worker in Redis."""
    prefix: str
    """What the names of all keys begin with."""
    link: RedisLink
    presence: RedisPresence
    limiter: RedisLimiter
    revocations: RedisRevocations
    ticks: RedisTickStore
    history: RedisTickHistory
    leases: RedisLeases
    signals: RedisSignals
    client_manager: SignalsManager

    async def check(self) -> None:
        """Whether this worker can use Redis and hears the others.

        :raises Unavailable: if not.
        """
        await self.link.ping()
        await self.link.require_single(self.prefix)
        if not self.signals.healthy:
            raise Unavailable("connection to the other workers")


@asynccontextmanager
async def open_redis(url: str, *, prefix: str) -> AsyncIterator[RedisStores]:
    """Connect this worker. That Redis does not answer yet is no error.

    :param prefix: what the names of all keys and channels begin with.
    """
    worker = secrets.token_hex(8)
    link = RedisLink(url)
    signals = _signals_class()(link, url, prefix=prefix, worker=worker)
    presence = RedisPresence(link, prefix=prefix, worker=worker)
    await signals.start()
    manager = SignalsManager(signals)
    try:
        yield RedisStores(
            worker=worker,
            prefix=prefix,
            link=link,
            presence=presence,
            limiter=RedisLimiter(link, prefix=prefix),
            revocations=RedisRevocations(link, prefix=prefix),
            ticks=RedisTickStore(link, prefix=prefix, lease=PRODUCER),
            history=RedisTickHistory(link, prefix=prefix),
            leases=RedisLeases(link, prefix=prefix, worker=worker),
            signals=signals,
            client_manager=manager,
        )
    finally:
        await presence.close()
        await manager.close()
        await signals.close()
        await link.close()


def _signals_class() -> type[RedisSignals]:
    if not tracing.is_on():
        return RedisSignals
    from .traced import TracedSignals, trace_commands  # an extra, which need not be installed

    trace_commands()
    return TracedSignals
