"""Sweep: look at every job that is not at rest and repair what a lost event left behind.

Woken by: a schedule, and at start. The sweeper alone brings every job to an end.
Retry: each repair is one of the ordinary steps' own writes.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial

from stereo_spot.conversion.collect import collect
from stereo_spot.conversion.complete import complete, flip_if_done
from stereo_spot.conversion.ending import announce, end, exhausted
from stereo_spot.conversion.segments import waiting_keys
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.tell import Receiver, tell_ended
from stereo_spot.errors import ErrorKind
from stereo_spot.events import ChunkRequested, SegmentsComplete
from stereo_spot.keys import RenderedKey, SourceKey, rendered_prefix
from stereo_spot.model import CHUNKING, OPEN, Job, JobStatus, Segment
from stereo_spot.transitions import job as moves
from stereo_spot.transitions.job import Failure

log = logging.getLogger(__name__)
_BACK_OFF = (1, 2, 4, 8, 12)


def sweep(app: Services, receiver: Receiver | None = None) -> None:
    """One look at all jobs; a job that cannot be looked at does not keep the others waiting.

    Last of all the `receiver` is told how jobs ended; None where another process does that.
    """
    for job in list(_open_jobs(app)):
        _guarded(partial(sweep_job, job.job_id, app), job.job_id)
    ended = list(app.jobs.due(app.clock()))
    for job in ended:
        _guarded(partial(_finish, job.job_id, app), job.job_id)
    untold = [job for job in ended if job.announce != "done"]
    _guarded(partial(tell_ended, untold, app, receiver), None)


def _guarded(look: Callable[[], None], job_id: str | None) -> None:
    try:
        look()
    except Exception:
        log.exception("sweep failed", extra={"job_id": job_id})


def _open_jobs(app: Services) -> Iterator[Job]:
    cursor = None
    while True:
        page = app.jobs.page(OPEN, cursor=cursor, limit=200)
        yield from page.jobs
        cursor = page.cursor
        if cursor is None:
            return


def sweep_job(job_id: str, app: Services) -> None:
    """Repair one job from its row, its ledger and what is stored."""
    job = app.jobs.get(job_id)
    if job is None or not job.status.open:
        return
    now = app.clock()
    if job.deadline_at < now:
        end(job_id, moves.expire_deadline(now, job, _late(job)), app)
    elif job.status is JobStatus.CREATED:
        _sweep_created(job, app)
    elif job.status in CHUNKING:
        _sweep_chunking(job, app)
    elif job.status is JobStatus.REASSEMBLING:
        _wake(job, SegmentsComplete(job_id=job_id), [], app)


def _late(job: Job) -> Failure:
    if job.status is JobStatus.CREATED and job.source_etag is None:
        return Failure(ErrorKind.UPLOAD_EXPIRED, "no film was uploaded within a day")
    if job.start_requested_at is None:
        return Failure(ErrorKind.NO_PROGRESS, "the job was not started within a day")
    return Failure(ErrorKind.NO_PROGRESS, "nothing went forward for a day")


def _sweep_created(job: Job, app: Services) -> None:
    """The film may be here without anybody having been told."""
    waits_for_start = job.facts is not None and job.start_requested_at is None
    young = app.clock() < job.created_at + app.policy.unseen_upload_s
    if waits_for_start or young:
        return
    if app.objects.head(str(SourceKey(job.job_id))) is not None:
        app.bus.publish(ChunkRequested(job_id=job.job_id))


def _sweep_chunking(job: Job, app: Services) -> None:
    rows = {row.segment_index: row for row in app.ledger.rows(job.job_id)}
    for info in list(app.objects.list(rendered_prefix(job.job_id))):
        key = RenderedKey.parse(info.key)
        if key is not None and not (key.index in rows and rows[key.index].done):
            complete(key, app)
    fresh = app.ledger.rows(job.job_id)
    if flip_if_done(job, fresh, app):
        return
    if job.status is JobStatus.CHUNKING_IN_PROGRESS:
        _wake(job, ChunkRequested(job_id=job.job_id), fresh, app)
    elif (failure := exhausted(job, fresh, app.clock())) is not None:
        end(job.job_id, moves.fail(app.clock(), job, failure), app)
        return
    _dispatch(job, fresh, app)


def _wake(
    job: Job, hint: ChunkRequested | SegmentsComplete, rows: list[Segment], app: Services
) -> None:
    """A step whose lease is free gets another hint, or the job ends when no try is left."""
    failure = exhausted(job, rows, app.clock())
    if failure is not None:
        end(job.job_id, moves.fail(app.clock(), job, failure), app)
    elif not job.held(app.clock()):
        app.bus.publish(hint)


def _dispatch(job: Job, rows: list[Segment], app: Services) -> None:
    """Send out segments that are stored but that nobody holds, with growing pauses."""
    now = app.clock()
    first = app.policy.first_dispatch_s
    if now < (job.dispatch_at or job.updated_at + first):
        return
    waiting = waiting_keys(job, rows, now, app)
    if not waiting:
        return
    pause = first * _BACK_OFF[min(job.dispatches, len(_BACK_OFF) - 1)]
    if app.jobs.apply(job.job_id, moves.dispatch(now, job, now + pause)) is not None:
        app.renders.submit(waiting[: app.policy.max_dispatch])


def _finish(job_id: str, app: Services) -> None:
    """What is left to do for a job that has ended: announce, expire, collect."""
    job = app.jobs.get(job_id)
    if job is None or job.status.open:
        return
    if job.status is not JobStatus.DELETED:
        job = announce(job, app)
    if job.status is JobStatus.FAILED:
        if job.announce != "sent":
            app.jobs.apply(job_id, moves.expire(app.clock(), job))
    elif job.status is JobStatus.DELETED or job.announce != "sent" or not job.collections:
        collect(job, app)
