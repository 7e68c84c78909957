"""Jobs as their users see them: started, asked for, reported."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from ..domain.errors import Refused, Unavailable
from ..domain.jobs import JOB_DONE, JOB_PROGRESS, Export, Exporting, Job, JobDone, JobProgress
from ..domain.policies import Rate
from ..job_ports import JobQueue, JobStore
from ..ports import Audience, Limiter

_log = logging.getLogger(__name__)

STARTS = Rate(30, 60, 10)
"""Jobs that a user may start: 30 a minute, 10 of them at once."""


class Jobs:
    """The jobs of one worker's clients.

    :param audience: the sockets of the namespace in which users hear of their jobs.
    :param sids_of: a user's sockets there, on this worker.
    """

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        limiter: Limiter,
        audience: Audience,
        sids_of: Callable[[str], Iterable[str]],
    ) -> None:
        self._store = store
        self._queue = queue
        self._limiter = limiter
        self._audience = audience
        self._sids_of = sids_of

    async def export(self, user: str, command: Export) -> Exporting:
        """Have a day of a symbol summed up.

        :raises Refused: ``rate_limited``; ``overloaded`` if the queue does not answer.
        """
        return await self._start("export", command, user)

    async def _start(self, kind: str, command: msgspec.Struct, user: str) -> Exporting:
        wait = await self._limiter.hit("jobs", STARTS, user)
        if wait > 0:
            raise Refused("rate_limited", f"too many jobs; try again in {wait:.1f} s", wait)
        arguments: dict[str, Any] = msgspec.to_builtins(command)
        job = Job(
            id=secrets.token_hex(16),
            kind=kind,
            arguments=arguments,
            user=user,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        )
        await self._store.add(job)
        await self._queue.put(job)
        attended = await self._attended()
        _log.info("job %s queued: %s", job.id, kind)
        if not attended:
            _log.warning("no worker is there to do jobs; start one with the command worker")
        return Exporting(job=job.id, worker=attended)

    async def find(self, job_id: str, user: str | None) -> Job | None:
        """A job of `user`; of anybody with ``None``."""
        job = await self._store.find(job_id)
        return job if job is not None and user in (None, job.user) else None

    async def result(self, job_id: str, user: str | None) -> str | None:
        """What a job of `user` has brought; ``None`` also while it goes on."""
        if await self.find(job_id, user) is None:
            return None
        return await self._store.result(job_id)

    async def on_signal(self, data: bytes) -> None:
        await self.deliver(msgspec.json.decode(data, type=Job))

    async def deliver(self, job: Job) -> None:
        """Tell the user, on the sockets of this worker, how it stands."""
        for sid in self._sids_of(job.user):
            if job.state == "running":
                progress = JobProgress(job.id, job.progress, job.request_id)
                await self._audience.tell_here(sid, JOB_PROGRESS, progress)
            elif job.state != "queued":
                done = JobDone(job.id, job.state, job.error, job.request_id)
                await self._audience.tell_here(sid, JOB_DONE, done)

    async def _attended(self) -> bool:
        try:
            return await self._queue.workers() > 0
        except Unavailable:
            return False
