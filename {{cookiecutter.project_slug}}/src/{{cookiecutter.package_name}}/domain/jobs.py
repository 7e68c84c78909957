"""Jobs: work that takes longer than a request, and is done by another process."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .contract import Ack, Command, Notice, Payload
from .events import Symbol

KEPT_SECONDS = 86400
"""How long a job and its result can be asked for."""

JobState = Literal["queued", "running", "done", "failed"]
JobId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?![\s\S])", description="Of a job.")]
Percent = Annotated[int, Meta(ge=0, le=100)]
Day = Annotated[date, Meta(description="From midnight to midnight, UTC.", examples=["2026-01-31"])]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`error`: a sentence for the user it belongs to, when it has failed."""

    id: str
    kind: str
    arguments: dict[str, Any]
    user: str
    request_id: str
    state: JobState = "queued"
    progress: int = 0
    error: str | None = None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")


class Export(Payload, frozen=True):
    symbol: Symbol
    day: Day


class Exporting(Ack, frozen=True):
    """``worker``: whether anybody is there to do it; else it waits for an hour at most."""

    job: str
    worker: bool


class JobProgress(msgspec.Struct, frozen=True):
    """``progress`` is in percent. A job that is tried again begins anew."""

    job: str
    progress: Percent
    request_id: str


class JobDone(msgspec.Struct, frozen=True):
    """``error``: why it has failed; null: it has not, and its result can be fetched."""

    job: str
    state: Literal["done", "failed"]
    error: str | None
    request_id: str


EXPORT = Command("export", Export, Exporting, "Sum up a day of a symbol, as a file to download.")
JOB_PROGRESS = Notice(
    "job_progress",
    JobProgress,
    "How far a job of yours is.",
    when_slow="coalesce",
    coalesced_by="job",
)
JOB_DONE = Notice("job_done", JobDone, "A job of yours has ended.")
