"""Handing jobs over to dramatiq's workers."""

from __future__ import annotations

from dramatiq.brokers.redis import RedisBroker
from prometheus_client import Gauge
from redis.exceptions import RedisError

from ...domain.errors import Unavailable
from ...domain.jobs import Job
from ...runtime.mode import call_driver, sleep, timeout
from ..redis.link import RedisLink
from .broker import BEAT_SECONDS, CALL_SECONDS, COUNT, GONE_SECONDS, message, workers_key

WORKERS = Gauge(
    "jobs_workers", "Workers that are there to do jobs.", multiprocess_mode="livemostrecent"
)


class DramatiqQueue:
    """Implements :class:`~..job_ports.JobQueue`."""

    def __init__(self, link: RedisLink, broker: RedisBroker, *, prefix: str) -> None:
        self._link = link
        self._broker = broker
        self._workers = workers_key(prefix)
        self._count = link.script(COUNT)

    async def put(self, job: Job) -> None:
        if not self._link.up:
            raise Unavailable("job queue")
        try:
            async with timeout(2 * CALL_SECONDS):
                await call_driver(self._broker.enqueue, message(job.id, job.request_id))
        except (RedisError, OSError) as error:
            raise Unavailable("job queue") from error

    async def workers(self) -> int:
        return int(await self._count((self._workers,), (GONE_SECONDS,)))

    async def watch(self) -> None:
        """Keep the gauge right. Runs as long as this process does."""
        while True:
            try:
                WORKERS.set(await self.workers())
            except Unavailable:
                WORKERS.set(0)  # nobody can be reached, which for an alert is the same
            await sleep(BEAT_SECONDS)
