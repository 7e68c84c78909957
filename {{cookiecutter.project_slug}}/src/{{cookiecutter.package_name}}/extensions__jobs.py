"""What joins the service where it is put together, beside chat and feed: jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask

from .adapters.jobs.broker import make_broker
from .adapters.jobs.memory import InProcess, MemoryJobStore
from .adapters.jobs.queue import DramatiqQueue
from .adapters.jobs.store import RedisJobStore
from .adapters.redis.link import RedisLink
from .backends import Backends
from .domain.jobs import Job
from .domain.namespaces import FEED
from .http.jobs import provide_jobs
from .ports import Audience
from .realtime.feed import FeedNamespace
from .realtime.jobs import FeedWithJobs
from .runtime.sessions import Sessions
from .services.feed import Feed
from .services.job_run import TOPIC, JobRun
from .services.jobs import Jobs
from .settings import PACKAGE, Settings


@dataclass(frozen=True, slots=True)
class Extensions:
    """`watches`: what runs as long as the worker does."""

    jobs: Jobs
    watches: Sequence[Callable[[], Awaitable[None]]] = ()

    def feed_namespace(self, feed: Feed, **machinery: Any) -> FeedNamespace:
        return FeedWithJobs(FEED, feed, self.jobs, **machinery)

    def install(self, http: Flask) -> None:
        """Give the routes what they work with."""
        provide_jobs(http, self.jobs)


@asynccontextmanager
async def open_extensions(
    settings: Settings, backends: Backends, audience: Audience, sessions: Sessions
) -> AsyncIterator[Extensions]:
    """Without Redis, jobs are done in this process.

    :param audience: the sockets of ``/feed``, on every worker.
    """

    def sids_of(user: str) -> Iterable[str]:
        return [s.sid for s in sessions if s.user == user and s.namespace == FEED.path]

    url = settings.backends.redis_url
    if url is None:
        yield Extensions(_in_process(backends, audience, sids_of))
        return
    link = RedisLink(url.reveal())
    broker = make_broker(url.reveal(), prefix=PACKAGE, middleware=[])
    store, queue = RedisJobStore(link, prefix=PACKAGE), DramatiqQueue(link, broker, prefix=PACKAGE)
    jobs = Jobs(store, queue, backends.limiter, audience, sids_of)
    backends.signals.subscribe(TOPIC, jobs.on_signal)
    try:
        yield Extensions(jobs, [queue.watch])
    finally:
        broker.close()
        await link.close()


def _in_process(
    backends: Backends, audience: Audience, sids_of: Callable[[str], Iterable[str]]
) -> Jobs:
    async def tell(job: Job) -> None:
        await jobs.deliver(job)

    async def run(job_id: str) -> None:
        await running.run(job_id, backends.history)

    store = MemoryJobStore()
    running = JobRun(store, tell)
    queue = InProcess(run, running.fail)
    jobs = Jobs(store, queue, backends.limiter, audience, sids_of)
    return jobs
