"""How a job ends: the write that ends it, and its news on the bus, at least once."""

import logging

from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError, StereoSpotError
from stereo_spot.events import JobCompleted, JobFailed
from stereo_spot.model import CHUNKING, Job, JobStatus, Seconds, Segment
from stereo_spot.transitions import job as moves
from stereo_spot.transitions.change import Change
from stereo_spot.transitions.job import RECLAIM_LIMIT, TRY_LIMIT, Failure

log = logging.getLogger(__name__)


def end(job_id: str, change: Change, app: Services) -> Job | None:
    """Apply a change that ends a job and announce it; None when the job was not there any more."""
    ended = app.jobs.apply(job_id, change)
    if ended is not None:
        log.info("job ended", extra={"job_id": job_id, "status": ended.status})
        announce(ended, app)
    return ended


def announce(job: Job, app: Services) -> Job:
    """Publish how the job ended, then note that; the sweeper repeats what stays pending."""
    if job.announce != "pending":
        return job
    if job.status is JobStatus.COMPLETED:
        app.bus.publish(
            JobCompleted(job_id=job.job_id, round=job.round, output_key=job.output_key or "")
        )
    elif job.status is JobStatus.FAILED:
        app.bus.publish(
            JobFailed(
                job_id=job.job_id,
                round=job.round,
                error_kind=job.error_kind or ErrorKind.INTERNAL,
                error_text=job.error_text or "",
                error_segment=job.error_segment,
            )
        )
    return app.jobs.apply(job.job_id, moves.announced(app.clock(), job)) or job


def failure_of(error: Exception, otherwise: ErrorKind, segment: int | None = None) -> Failure:
    """What to write on the row for an error of a step; nobody's request is to blame for it."""
    if isinstance(error, RequestError):
        return Failure(otherwise, error.message, segment)
    if isinstance(error, StereoSpotError):
        return Failure(error.kind, error.message, segment)
    return Failure(otherwise, f"{type(error).__name__}: {error}", segment)


def exhausted(job: Job, rows: list[Segment], now: Seconds) -> Failure | None:
    """Why the job cannot go on, or None: the tries or reclaims of a step or segment are used up."""
    phase = ErrorKind.ASSEMBLE_FAILED
    if job.status is not JobStatus.REASSEMBLING:
        phase = ErrorKind.CHUNK_FAILED
    if job.tries >= TRY_LIMIT:
        return Failure(phase, job.error_text or f"{job.tries} tries failed")
    if job.reclaims >= RECLAIM_LIMIT:
        return Failure(
            ErrorKind.NO_PROGRESS, f"{job.reclaims} workers were lost without any progress"
        )
    if job.status in CHUNKING:
        return next(filter(None, (_spent(row, job, now) for row in rows)), None)
    return None


def _spent(row: Segment, job: Job, now: Seconds) -> Failure | None:
    if row.done or row.round != job.round:
        return None
    if row.tries >= TRY_LIMIT:
        kind = ErrorKind(row.error_kind) if row.error_kind else ErrorKind.SEGMENT_FAILED
        return Failure(kind, row.error_text or f"{row.tries} tries failed", row.segment_index)
    if row.reclaims >= RECLAIM_LIMIT and row.progress_mark >= job.done_hint and not row.held(now):
        return Failure(
            ErrorKind.NO_PROGRESS,
            f"{row.reclaims} workers were lost on this segment without any progress",
            row.segment_index,
        )
    return None


def end_if_exhausted(
    job_id: str, app: Services, *, index: int | None = None, last: Failure | None = None
) -> Job | None:
    """Fail the job when no try is left; the row is read afresh, a retry in between wins.

    `index` is the segment to look at, else all are looked at. `last` is how the caller's own try
    of the job's step failed: it says more than the count.
    """
    job = app.jobs.get(job_id)
    if job is None or not job.status.open:
        return None
    now = app.clock()
    failure = exhausted(job, _looked_at(job, index, app), now)
    if failure is None:
        return None
    if last is not None and job.tries >= TRY_LIMIT:
        failure = last
    return end(job_id, moves.fail(now, job, failure), app)


def _looked_at(job: Job, index: int | None, app: Services) -> list[Segment]:
    if job.status not in CHUNKING:
        return []
    if index is None:
        return app.ledger.rows(job.job_id)
    row = app.ledger.get(job.job_id, index)
    return [row] if row is not None else []
