"""Jobs of a process that is alone: kept in its memory, done in its background."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from ...domain.errors import Refused
from ...domain.jobs import Job
from ...job_ports import Change
from ...runtime.mode import Guard, spawn

_log = logging.getLogger(__name__)

MAX_JOBS = 100
"""Kept; the oldest goes first."""
MAX_RUNNING = 4


class MemoryJobStore:
    """Implements :class:`~..job_ports.JobStore`."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._results: dict[str, str] = {}
        self._guard = Guard()

    async def add(self, job: Job) -> None:
        with self._guard:
            self._jobs[job.id] = job
            if len(self._jobs) > MAX_JOBS:
                oldest, _ = self._jobs.popitem(last=False)
                self._results.pop(oldest, None)

    async def find(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def change(self, job_id: str, change: Change) -> Job | None:
        with self._guard:
            job = self._jobs.get(job_id)
            if job is None or job.ended:
                return None
            job = self._jobs[job_id] = msgspec.structs.replace(
                job, state=change.state, progress=change.progress, error=change.error
            )
            if change.result is not None:
                self._results[job_id] = change.result
            return job

    async def result(self, job_id: str) -> str | None:
        return self._results.get(job_id)


class InProcess:
    """Implements :class:`~..job_ports.JobQueue`: each job is begun at once.

    :param run: does a job.
    :param fail: gives one up; without retries, as it is of no use to repeat what is in memory.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[None]],
        fail: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._run = run
        self._fail = fail
        self._running = 0

    async def put(self, job: Job) -> None:
        """:raises Refused: ``overloaded``."""
        if self._running >= MAX_RUNNING:
            raise Refused("overloaded", "too many jobs are under way; try again", 1.0)
        self._running += 1
        spawn(self._do, job)

    async def workers(self) -> int:
        return 1

    async def _do(self, job: Job) -> None:
        with structlog.contextvars.bound_contextvars(request_id=job.request_id, job=job.id):
            try:
                await self._run(job.id)
            except Exception:
                _log.exception("job failed")
                await self._fail(job.id, "it failed; tell us the request_id")
            finally:
                self._running -= 1
