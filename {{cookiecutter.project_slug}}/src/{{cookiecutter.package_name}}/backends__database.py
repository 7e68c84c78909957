"""Where this service keeps its data: messages in a database, the rest in its worker's memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click
import msgspec
from socketio import AsyncManager

from .adapters.database import database_problems, migrate_command, open_stores
from .adapters.memory import (
    MemoryLeases,
    MemoryLimiter,
    MemoryPresence,
    MemoryRevocations,
    MemoryTickStore,
    NoSignals,
)
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
    database_url: Secret | None = None


def backend_problems(settings: BackendSettings, *, env: str, workers: int) -> list[str]:
    """Why these settings must not start, a sentence each; never with a URL's password."""
    problems = database_problems(_reveal(settings.database_url), env=env)
    if workers > 1:
        problems.append(
            "WEB_CONCURRENCY is above 1: workers without Redis know nothing of each other"
        )
    return problems


def commands(settings: Callable[[], BackendSettings]) -> list[click.Command]:
    """What the backends add to the command line."""
    return [migrate_command(lambda: _reveal(settings().database_url))]


@asynccontextmanager
async def open_backends(
    settings: BackendSettings, *, prefix: str, history_size: int
) -> AsyncIterator[Backends]:
    """Connect this worker; everything is closed at the end.

    :param prefix: names this service where several share a store; here none do.
    :param history_size: messages kept in each room.
    """
    url = _reveal(settings.database_url)
    async with open_stores(url, history_size=history_size) as stores:
        yield Backends(
            log=stores.log,
            presence=MemoryPresence(),
            limiter=MemoryLimiter(),
            revocations=MemoryRevocations(),
            ticks=MemoryTickStore(),
            history=stores.history,
            leases=MemoryLeases(),
            signals=NoSignals(),
            client_manager=AsyncManager(),
            checks={"database": stores.log.ping},
        )


def _reveal(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None
