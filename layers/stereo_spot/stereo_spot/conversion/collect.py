"""Collect: remove the objects that no row names, in states with no way back."""

from collections.abc import Iterator

from stereo_spot.conversion.services import Services
from stereo_spot.keys import SourceKey, job_prefixes
from stereo_spot.model import Job, JobStatus
from stereo_spot.transitions import job as moves


def collect(job: Job, app: Services) -> None:
    """Remove what an ended job leaves behind: twice, since a late writer may add to it.

    Writes: first that a deletion is final, then deletions, then the note of when to look again.
    Retry: deletes what is left.
    """
    if job.deleted_from is not None:
        sealed = app.jobs.apply(job.job_id, moves.seal(app.clock()))
        if sealed is None:  # it may still be brought back, or was
            return
        job = sealed
    if job.status is JobStatus.DELETED:
        app.objects.delete(_keys(job, app))
        app.ledger.forget(job.job_id)
    elif job.status is JobStatus.COMPLETED:
        kept = {job.output_key}
        if app.policy.keep_source:
            kept.add(str(SourceKey(job.job_id)))
        app.objects.delete(key for key in _keys(job, app) if key not in kept)
    else:
        return
    app.jobs.apply(job.job_id, moves.collected(app.clock(), job))


def _keys(job: Job, app: Services) -> Iterator[str]:
    for prefix in job_prefixes(job.job_id):
        yield from [info.key for info in app.objects.list(prefix)]
