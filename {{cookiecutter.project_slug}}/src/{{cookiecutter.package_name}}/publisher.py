"""Publishing from another process: a script, a cron job, a notebook. It runs no server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from .backends import open_backends
from .services.publisher import Publisher
from .services.recorder import open_recorder
from .settings import PACKAGE, Settings, load_settings


@asynccontextmanager
async def open_publisher(settings: Settings | None = None) -> AsyncIterator[Publisher]:
    """Publishes through Redis; what has not left at the end gets some seconds::

        async with open_publisher() as publisher:
            await publisher.publish([Tick("ACME", 101.25, datetime.now(UTC))])

    :param settings: those of the service; read from the environment if not given.
    :raises SettingsError: if they are wrong.
    :raises RuntimeError: if there is no Redis, and so nobody to hear it.
    """
    settings = settings or load_settings()
    if settings.backends.redis_url is None:
        raise RuntimeError("REDIS_URL is not set: over what should the workers hear of it?")
    async with (
        open_backends(
            settings.backends, prefix=PACKAGE, history_size=settings.history_size
        ) as backends,
        open_recorder(backends.history) as recorder,
    ):
        yield Publisher(backends.ticks, recorder, backends.signals, lambda: datetime.now(UTC))
