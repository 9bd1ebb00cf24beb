"""`/v1/jobs`: create, look, start, stop, retry, delete."""

import uuid
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from stereo_spot.conversion import control
from stereo_spot.conversion.create import create
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import SourceKey
from stereo_spot.model import ALIVE, Job, JobStatus
from stereo_spot.web.asked import NewJob
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError
from stereo_spot.web.site import JobId, Site, ThisJob, ThisSite, absolute_grant
from stereo_spot.web.telling import job_view, segment_view
from stereo_spot.web.views import CreatedView, JobView, SegmentView, UploadView, names

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
POLL_AFTER_S = 1
_KEYS = uuid.UUID("5f6f4f5e-1b7c-5d5a-9a53-3f1d0c2b7a11")


class JobsPage(BaseModel):
    """Jobs, newest first; `next_cursor` is null on the last page."""

    jobs: list[JobView]
    next_cursor: str | None


class SegmentsPage(BaseModel):
    """The segments that were begun, in order."""

    total: int | None
    segments: list[SegmentView]


@router.post("", status_code=202, operation_id="createJob", summary="Create a job")
def create_job(
    asked: NewJob,
    request: Request,
    response: Response,
    site: ThisSite,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> CreatedView:
    """Make a job and get a signed link to send its film to.

    With an `Idempotency-Key`, asking again answers with the same job; asking for something else
    under the same key is refused.
    """
    job, replayed = _created(asked, idempotency_key, site)
    grant = site.services.uploads.single(str(SourceKey(job.job_id)))
    if replayed:
        response.headers["idempotency-replayed"] = "true"
    response.headers["location"] = f"/v1/jobs/{job.job_id}"
    response.headers["retry-after"] = str(POLL_AFTER_S)
    response.headers["cache-control"] = "no-store"
    upload = UploadView.of(absolute_grant(request, grant))
    return CreatedView(**dict(job_view(job, site)), upload=upload)


@router.get("", operation_id="listJobs", summary="List jobs")
def list_jobs(
    request: Request,
    response: Response,
    site: ThisSite,
    status: Annotated[list[JobStatus] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> JobsPage:
    """Newest first, a page at a time; `status` may be given more than once."""
    wanted = tuple(found for found in status or ALIVE if found is not JobStatus.DELETED)
    page = site.services.jobs.page(wanted, limit=limit, cursor=cursor)
    if page.cursor is not None:
        named = [("status", found.value) for found in status or ()]
        query = urlencode([*named, ("limit", limit), ("cursor", page.cursor)])
        response.headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    return JobsPage(jobs=[job_view(job, site) for job in page.jobs], next_cursor=page.cursor)


@router.get("/{job_id}", operation_id="getJob", summary="One job", response_model=JobView)
def get_job(
    job: ThisJob,
    site: ThisSite,
    response: Response,
    if_none_match: Annotated[str | None, Header()] = None,
) -> JobView | Response:
    """Everything known of a job; with `If-None-Match`, 304 while nothing has changed."""
    view = job_view(job, site)
    headers = {"etag": view.etag, "cache-control": "no-cache"}
    if if_none_match is not None and names(if_none_match, view.etag):
        return Response(status_code=304, headers=headers)
    if job.status.open:
        headers["retry-after"] = str(POLL_AFTER_S)
    response.headers.update(headers)
    return view


@router.get("/{job_id}/segments", operation_id="listSegments", summary="Segments of a job")
def list_segments(job: ThisJob, site: ThisSite) -> SegmentsPage:
    """How far each segment is that was begun."""
    rows = site.services.ledger.rows(job.job_id)
    return SegmentsPage(total=job.total_segments, segments=[segment_view(row) for row in rows])


@router.post("/{job_id}/start", status_code=202, operation_id="startJob", summary="Start")
def start_job(job_id: JobId, site: ThisSite) -> JobView:
    """Begin the work of a job that was created to wait."""
    return job_view(control.start(job_id, site.services), site)


@router.post("/{job_id}/cancel", status_code=202, operation_id="cancelJob", summary="Stop")
def cancel_job(job_id: JobId, site: ThisSite) -> JobView:
    """Stop a job; what is finished is kept for a retry."""
    return job_view(control.cancel(job_id, site.services), site)


@router.post("/{job_id}/retry", status_code=202, operation_id="retryJob", summary="Retry")
def retry_job(job_id: JobId, site: ThisSite) -> JobView:
    """Let a failed job go on where it stopped."""
    return job_view(control.retry(job_id, site.services), site)


@router.delete("/{job_id}", status_code=204, operation_id="deleteJob", summary="Delete")
def delete_job(job_id: JobId, site: ThisSite) -> None:
    """Remove a job and everything it stored."""
    control.delete(job_id, site.services)


def _created(asked: NewJob, key: str | None, site: Site) -> tuple[Job, bool]:
    """A new job, or the one that this key made before."""
    options = asked.options(site.defaults)
    job_id = str(uuid.uuid5(_KEYS, _of_owner(key, site))) if key is not None else None
    try:
        made = create(
            options,
            site.services,
            job_id=job_id,
            title=asked.title,
            autostart=asked.autostart,
        )
    except RequestError as error:
        if job_id is None or error.kind is not ErrorKind.CONFLICT:
            raise
    else:
        return made, False
    before = site.services.jobs.get(job_id)
    if before is None or before.status is JobStatus.DELETED:
        raise RequestError(ErrorKind.CONFLICT, "the job that this key made was deleted")
    if not asked.asks_for(before, site.defaults):
        detail = "this Idempotency-Key was used with another request"
        raise HttpError(422, HttpKind.IDEMPOTENCY_MISMATCH, detail)
    return before, True


def _of_owner(key: str, site: Site) -> str:
    """The key, apart from the same key of another owner; a key itself holds no line end."""
    return key if site.owner is None else f"{site.owner}\n{key}"
