"""What a person can do with a job: start, cancel, retry, rename, delete and undo that."""

from stereo_spot.conversion.collect import collect
from stereo_spot.conversion.ending import end
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.events import ChunkRequested
from stereo_spot.model import Job, JobStatus
from stereo_spot.transitions import job as moves


def find(job_id: str, app: Services) -> Job:
    """The job.

    Raises:
        RequestError: `not_found` when there is none, or it was deleted.
    """
    job = app.jobs.get(job_id)
    if job is None or job.status is JobStatus.DELETED:
        raise RequestError(ErrorKind.NOT_FOUND, f"no job {job_id}")
    return job


def start(job_id: str, app: Services) -> Job:
    """Let a job begin that was created to wait; starting it again changes nothing.

    Raises:
        RequestError: `not_found`, or `conflict` when the job has ended.
    """
    job = find(job_id, app)
    if job.start_requested_at is None:
        job = app.jobs.apply(job_id, moves.request_start(app.clock())) or find(job_id, app)
    if not job.status.open:
        raise RequestError(ErrorKind.CONFLICT, f"job {job_id} is {job.status}")
    app.bus.publish(ChunkRequested(job_id=job_id))
    return job


def cancel(job_id: str, app: Services) -> Job:
    """Stop a job; what is finished stays, so that a retry goes on from there.

    Raises:
        RequestError: `not_found`, or `conflict` when the job has ended.
    """
    job = find(job_id, app)
    stopped = end(job_id, moves.cancel(app.clock()), app)
    if stopped is None:
        raise RequestError(ErrorKind.CONFLICT, f"job {job_id} is {job.status}, not running")
    return stopped


def hopeless(job: Job) -> bool:
    """Whether another try would end the same: the film or the request was at fault."""
    kind = job.error_kind or ""
    return kind.startswith("source_") or kind == ErrorKind.BAD_REQUEST


def retry(job_id: str, app: Services) -> Job:
    """Let a failed job go on where it stopped.

    Raises:
        RequestError: `not_found`; `conflict` when it has not failed or another try cannot help.
    """
    job = find(job_id, app)
    if job.status is not JobStatus.FAILED:
        raise RequestError(ErrorKind.CONFLICT, f"job {job_id} is {job.status}, not failed")
    if hopeless(job):
        raise RequestError(
            ErrorKind.CONFLICT, f"another try cannot help: {job.error_kind}: {job.error_text}"
        )
    again = app.jobs.apply(job_id, moves.retry(app.clock(), job))
    if again is None:
        raise RequestError(ErrorKind.CONFLICT, f"job {job_id} changed meanwhile; look again")
    app.bus.publish(ChunkRequested(job_id=job_id))
    return again


def rename(job: Job, title: str, app: Services, *, as_read: bool = False) -> Job | None:
    """Give a film another title, whatever its state; keys, plan and recipe stay.

    Args:
        job: The job as it was read.
        title: The new title.
        app: The services.
        as_read: Whether to leave it alone, and return None, where its title changed meanwhile.

    Raises:
        RequestError: `not_found` when it was deleted meanwhile.
    """
    renamed = app.jobs.apply(job.job_id, moves.rename(app.clock(), title, job if as_read else None))
    if renamed is None:
        find(job.job_id, app)
    return renamed


def delete(job_id: str, app: Services) -> None:
    """Remove a job and all it stored; workers still busy with it find out and stop.

    Raises:
        RequestError: `not_found`.
    """
    find(job_id, app)
    gone = app.jobs.apply(job_id, moves.delete(app.clock()))
    if gone is not None:
        collect(gone, app)


def set_aside(job_id: str, app: Services) -> None:
    """Remove a job like `delete`, but let it be restored for a while; then the sweeper collects.

    Doing it again changes nothing.

    Raises:
        RequestError: `not_found`.
    """
    job = app.jobs.get(job_id)
    if job is not None and job.deleted_from is not None:
        return
    app.jobs.apply(job_id, *moves.set_aside(app.clock(), find(job_id, app)))


def restore(job_id: str, app: Services) -> Job:
    """Undo a deletion; a job that is there stays as it is. The sweeper wakes the work.

    Raises:
        RequestError: `not_found` when its deletion is final, or there never was such a job.
    """
    job = app.jobs.get(job_id)
    if job is not None and job.deleted_from is not None:
        app.jobs.apply(job_id, moves.restore(app.clock(), job))
    return find(job_id, app)
