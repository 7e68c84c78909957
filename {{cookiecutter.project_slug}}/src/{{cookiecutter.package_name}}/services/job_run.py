"""Doing jobs: what a worker does, or this process itself where there is no Redis."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from ..domain.errors import Refused, Unavailable
from ..domain.jobs import Job
from ..job_ports import Change, JobStore
from ..ports import TickHistory
from ..runtime import mode
from .export import export

_log = logging.getLogger(__name__)

TIME_LIMIT = 60.0
"""Seconds for one attempt."""
TOPIC = "jobs"
"""Of the signals that carry news of jobs, each an encoded :class:`~..domain.jobs.Job`."""

KINDS = {"export": export}

Tell = Callable[[Job], Awaitable[None]]


class JobRun:
    """Carries out jobs. :param tell: sends news to the user's sockets."""

    def __init__(self, store: JobStore, tell: Tell) -> None:
        self._store = store
        self._tell = tell

    async def run(self, job_id: str, history: TickHistory) -> None:
        """Do a job, unless it is done already. What it raises is worth another attempt."""
        job = await self._change(job_id, Change("running", 0))
        if job is None:
            _log.info("job %s has ended before, or is too old", job_id)
            return
        with structlog.contextvars.bound_contextvars(request_id=job.request_id, job=job.id):
            _log.info("job begins: %s", job.kind)
            try:
                async with mode.timeout(TIME_LIMIT):
                    result = await self._result(job, history)
            except Unavailable:
                raise
            except Refused as refused:
                await self.fail(job.id, refused.message)
            except TimeoutError:
                await self.fail(job.id, f"it took longer than {TIME_LIMIT:.0f} s")
            else:
                await self._change(job.id, Change("done", 100, result=result))
                _log.info("job done")

    async def fail(self, job_id: str, error: str) -> None:
        """Give a job up.

        :param error: a sentence for the user.
        """
        if await self._change(job_id, Change("failed", 0, error=error)) is not None:
            _log.warning("job failed: %s", error)

    async def _result(self, job: Job, history: TickHistory) -> str:
        reported = 0

        async def report(percent: int) -> None:
            nonlocal reported
            if percent > reported:
                reported = percent
                await self._change(job.id, Change("running", min(percent, 99)))

        return await KINDS[job.kind](history, job.arguments, report)

    async def _change(self, job_id: str, change: Change) -> Job | None:
        job = await self._store.change(job_id, change)
        if job is not None:
            await self._tell(job)
        return job


def encode(job: Job) -> bytes:
    """The data of a signal."""
    return msgspec.json.encode(job)
