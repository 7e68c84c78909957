"""What jobs need from the outside world, beside what is in :mod:`.ports`."""

from __future__ import annotations

from typing import Protocol

import msgspec

from .domain.jobs import Job, JobState


class Change(msgspec.Struct, frozen=True):
    """What becomes of a job. `result`: the text that can be fetched from then on."""

    state: JobState
    progress: int
    error: str | None = None
    result: str | None = None


class JobStore(Protocol):
    """Jobs and their results, for a day.

    Every method raises :class:`~.domain.errors.Unavailable` when the store does not answer in time.
    """

    async def add(self, job: Job) -> None: ...

    async def find(self, job_id: str) -> Job | None: ...

    async def change(self, job_id: str, change: Change) -> Job | None:
        """The job as it is now; ``None`` if it has ended already, or is not known any more."""
        ...

    async def result(self, job_id: str) -> str | None: ...


class JobQueue(Protocol):
    """The way to whoever does the jobs."""

    async def put(self, job: Job) -> None:
        """Hand it over; it is done once or, if that is interrupted, again.

        :raises Unavailable: if the queue does not answer in time.
        """
        ...

    async def workers(self) -> int:
        """How many are there to do jobs.

        :raises Unavailable: if the queue does not answer in time.
        """
        ...
