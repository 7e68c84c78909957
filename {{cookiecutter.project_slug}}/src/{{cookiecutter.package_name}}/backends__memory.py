"""Where this service keeps its data: in the memory of its one worker."""

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
    """None: there is nothing to connect to."""


def backend_problems(settings: BackendSettings, *, env: str, workers: int) -> list[str]:
    """Why these settings must not start, a sentence each; never with a URL's password."""
    if workers > 1:
        return ["WEB_CONCURRENCY is above 1: workers without Redis know nothing of each other"]
    return []


def commands(settings: Callable[[], BackendSettings]) -> list[click.Command]:
    """What the backends add to the command line: nothing."""
    return []


@asynccontextmanager
async def open_backends(
    settings: BackendSettings, *, prefix: str, history_size: int
) -> AsyncIterator[Backends]:
    """Connect this worker; everything is closed at the end.

    :param prefix: names this service where several share a store; here none do.
    :param history_size: messages kept in each room.
    """
    yield Backends(
        log=MemoryMessageLog(history_size),
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
