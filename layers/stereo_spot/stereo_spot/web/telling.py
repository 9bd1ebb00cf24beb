"""Tells of a job from its rows: the views of `views`, filled in."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from stereo_spot.conversion.comfort import strength_warnings
from stereo_spot.conversion.control import hopeless
from stereo_spot.conversion.naming import film_name
from stereo_spot.conversion.progress import progress_of
from stereo_spot.keys import SourceKey
from stereo_spot.model import Job, JobStatus, Segment
from stereo_spot.web.site import Site
from stereo_spot.web.views import JobError, JobView, ProgressView, SegmentView

MAX_PARTS = 100


def job_view(job: Job, site: Site) -> JobView:
    """The view of a job as it is now."""
    app = site.services
    worked_on = job.plan_digest is not None
    rows = app.ledger.rows(job.job_id) if worked_on else []
    progress = progress_of(job, rows, app.clock())
    uploaded = job.source_etag is not None or has_source(job, site)
    return JobView(
        id=job.job_id,
        title=job.title,
        status=job.status,
        state=state_of(job, uploaded=uploaded),
        mode=job.mode,
        created_at=job.created_at,
        completed_at=job.completed_at,
        uploaded=uploaded,
        options=job.options,
        facts=job.facts,
        progress=ProgressView(
            **progress.model_dump(),
            percent=progress.percent,
            parts=parts_done(rows, job.total_segments or 0, progress.frames_total or 0),
        ),
        error=_error(job.error_kind, job.error_text, job.error_segment),
        result=_result(job),
        warnings=strength_warnings(job.options),
        links=_links(job, uploaded=uploaded),
    )


def parts_done(rows: Sequence[Segment], segments: int, frames: int) -> list[float]:
    """Share done of each segment, or of each of `MAX_PARTS` groups of neighbours.

    How long an unfinished segment is stands in the plan, not in its row; an equal share of the
    film is near enough to draw.
    """
    if not segments:
        return []
    share = max(frames / segments, 1.0)
    done = [0.0] * segments
    for row in rows:
        if row.segment_index < segments:
            done[row.segment_index] = 1.0 if row.done else min(row.frames_done / share, 0.99)
    size = -(-segments // MAX_PARTS)
    groups = [done[first : first + size] for first in range(0, segments, size)]
    return [round(sum(group) / len(group), 3) for group in groups]


def has_source(job: Job, site: Site) -> bool:
    """Whether the film of a job has arrived."""
    return site.services.objects.head(str(SourceKey(job.job_id))) is not None


def state_of(job: Job, *, uploaded: bool) -> str:
    """The status, and what it leaves open."""
    if job.status is JobStatus.FAILED and job.error_kind == "cancelled":
        return "cancelled"
    if job.status is JobStatus.CREATED and uploaded:
        return "queued" if job.start_requested_at is not None else "ready"
    return job.status.value


def segment_view(row: Segment) -> SegmentView:
    """The view of a ledger row."""
    working = row.lease_owner is not None
    return SegmentView(
        index=row.segment_index,
        status="done" if row.done else "working" if working else "waiting",
        frames_done=row.frames_done,
        tries=row.tries,
        error=None if row.done else _error(row.error_kind, row.error_text, row.segment_index),
    )


def result_name(job: Job) -> str:
    """What the finished film of a job is called."""
    suffix = PurePosixPath(job.output_key or "film.mp4").suffix.removeprefix(".")
    return film_name(job.title, job.options.recipe, suffix)


def _error(kind: str | None, text: str | None, segment: int | None) -> JobError | None:
    return JobError(kind=kind, text=text or "", segment=segment) if kind else None


def _result(job: Job) -> dict[str, Any] | None:
    if job.status is not JobStatus.COMPLETED:
        return None
    return {**(job.result or {}), "filename": result_name(job)}


def _links(job: Job, *, uploaded: bool) -> dict[str, str]:
    base = f"/v1/jobs/{job.job_id}"
    links = {"self": base, "events": f"{base}/events", "page": f"/jobs/{job.job_id}"}
    if job.status is JobStatus.CREATED and not uploaded:
        links["upload"] = f"{base}/upload"
    if job.status is JobStatus.CREATED and job.start_requested_at is None:
        links["start"] = f"{base}/start"
    if job.status.open:
        links["cancel"] = f"{base}/cancel"
    if job.status is JobStatus.FAILED and not hopeless(job):
        links["retry"] = f"{base}/retry"
    if job.status is JobStatus.COMPLETED:
        links |= {"play": f"{base}/play", "download": f"{base}/download"}
    return links
