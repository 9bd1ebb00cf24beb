"""Create: a job row, and where to send the film."""

import uuid

from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Job, JobOptions, JobStatus
from stereo_spot.transitions.job import DEADLINE_S


def create(
    options: JobOptions,
    app: Services,
    *,
    job_id: str | None = None,
    title: str | None = None,
    owner: str | None = None,
    autostart: bool = True,
) -> Job:
    """Store the row of a new job.

    Raises:
        RequestError: `conflict` when `job_id` is taken, `bad_request` for an empty cut.
    """
    _check_cut(options)
    now = app.clock()
    job = Job(
        job_id=job_id or str(uuid.uuid4()),
        status=JobStatus.CREATED,
        mode=options.recipe.mode,
        created_at=now,
        updated_at=now,
        deadline_at=now + DEADLINE_S,
        options=options,
        owner=owner,
        title=title,
        start_requested_at=now if autostart else None,
    )
    if not app.jobs.create(job):
        raise RequestError(ErrorKind.CONFLICT, f"there is a job {job.job_id} already")
    return job


def _check_cut(options: JobOptions) -> None:
    start, end = options.start_s or 0.0, options.end_s
    if end is not None and end <= start:
        raise RequestError(
            ErrorKind.BAD_REQUEST, f"the end ({end} s) is not after the start ({start} s)"
        )
