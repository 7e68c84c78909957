"""Jobs: starting one, asking for it, fetching what it has brought."""

from __future__ import annotations

from typing import cast

import msgspec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.exceptions import NotFound

from ..domain.jobs import Export, Exporting, JobId, JobState, Percent
from ..runtime.tokens import Claims
from ..services.jobs import Jobs
from .operation import operation

bp = Blueprint("jobs", __name__)


class JobStatus(msgspec.Struct, frozen=True):
    """``error``: why it has failed."""

    job: str
    state: JobState
    progress: Percent
    error: str | None
    request_id: str


def provide_jobs(app: Flask, jobs: Jobs) -> None:
    app.extensions["jobs"] = jobs


def _jobs() -> Jobs:
    return cast(Jobs, current_app.extensions["jobs"])


def _owner(claims: Claims) -> str | None:
    """Whose jobs the caller may see; ``None``: everybody's."""
    return None if "admin" in claims.scopes else claims.sub


@bp.post("/api/v1/jobs/export")
@operation("Sum up a day of a symbol", scope="feed:read", status=202)
async def start_export(body: Export, claims: Claims) -> Exporting:
    """A worker does it. Your sockets in `/feed` hear `job_progress` and `job_done`."""
    return await _jobs().export(claims.sub, body)


@bp.get("/api/v1/jobs/<job_id>")
@operation("Ask for a job", scope="feed:read", codes=["not_found"])
async def show_job(job_id: JobId, claims: Claims) -> JobStatus:
    """For a day; yours, or with the scope `admin` anybody's."""
    job = await _jobs().find(job_id, _owner(claims))
    if job is None:
        raise NotFound
    return JobStatus(job.id, job.state, job.progress, job.error, job.request_id)


@bp.get("/api/v1/jobs/<job_id>/result")
@operation(
    "Fetch the result of a job", scope="feed:read", codes=["not_found"], media_type="text/csv"
)
async def fetch_result(job_id: JobId, claims: Claims) -> Response:
    """Comma-separated values, the first line with the names. Not there before the job is done."""
    text = await _jobs().result(job_id, _owner(claims))
    if text is None:
        raise NotFound
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{job_id}.csv"',
    }
    return Response(text, 200, headers, content_type="text/csv; charset=utf-8")
