"""The process that does jobs: ``python -m`` with the name of this package, and ``worker``."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from .adapters.jobs.store import RedisJobStore
from .adapters.jobs.work import work
from .adapters.redis import open_redis
from .backends import open_backends
from .domain.jobs import Job
from .runtime import mode
from .runtime.logs import configure_logging
from .runtime.tracing import choose_tracing
from .services.job_run import TIME_LIMIT, TOPIC, JobRun, encode
from .settings import PACKAGE, Settings

GRACE = 5.0
"""Seconds beyond its own time limit after which dramatiq interrupts a job."""


def run_worker(settings: Settings, threads: int) -> None:
    """Do jobs until SIGTERM.

    :raises RuntimeError: if there is no Redis, and so no queue.
    """
    if settings.backends.redis_url is None:
        raise RuntimeError("REDIS_URL is not set: where should the jobs come from?")
    tracing = choose_tracing(PACKAGE)
    configure_logging(settings.log_level, settings.log_format)
    url = settings.backends.redis_url.reveal()

    def run(job_id: str) -> None:
        mode.run(partial(_run, settings, url, job_id))

    def fail(job_id: str, reason: str) -> None:
        mode.run(partial(_fail, url, job_id, reason))

    tracing.start()
    work(
        url,
        prefix=PACKAGE,
        name=secrets.token_hex(8),
        threads=threads,
        run=run,
        fail=fail,
        time_limit=TIME_LIMIT + GRACE,
        drain_seconds=settings.drain_seconds,
    )
    tracing.close()


async def _run(settings: Settings, url: str, job_id: str) -> None:
    async with (
        _reporting(url) as jobs,
        open_backends(
            settings.backends, prefix=PACKAGE, history_size=settings.history_size
        ) as backends,
    ):
        await jobs.run(job_id, backends.history)


async def _fail(url: str, job_id: str, reason: str) -> None:
    async with _reporting(url) as jobs:
        await jobs.fail(job_id, reason)


@asynccontextmanager
async def _reporting(url: str) -> AsyncIterator[JobRun]:
    """Jobs whose users hear of them, for the time of one: its connections are of its thread."""
    async with open_redis(url, prefix=PACKAGE) as redis:

        async def tell(job: Job) -> None:
            await redis.signals.publish(TOPIC, encode(job))

        yield JobRun(RedisJobStore(redis.link, prefix=PACKAGE), tell)
