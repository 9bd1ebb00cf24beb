"""What a receiver is told of a job that has ended, in the words of the API's job document."""

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Literal

from stereo_spot.conversion.comfort import strength_warnings
from stereo_spot.conversion.control import hopeless
from stereo_spot.conversion.naming import film_name
from stereo_spot.errors import ErrorKind
from stereo_spot.model import Frozen, Job, JobStatus, Seconds, StereoMode


class EndError(Frozen):
    """Why a job failed."""

    kind: str
    text: str
    segment: int | None


class EndedJob(Frozen):
    """A job that has ended; what of the job document is left out stands at `links.self`."""

    id: str
    owner: str | None
    """Whose it is, by the name of the token; null where nobody has to say who they are."""
    title: str | None
    status: JobStatus
    state: str
    mode: StereoMode
    created_at: str
    completed_at: str | None
    error: EndError | None
    result: dict[str, Any] | None
    warnings: list[str]
    links: dict[str, str]


class Notice(Frozen):
    """One message to a receiver."""

    type: Literal["job.completed", "job.failed"]
    timestamp: str
    """When the job ended."""
    data: EndedJob


def notice_id(job: Job) -> str:
    """The same for every telling of one end: how a receiver knows a double."""
    return f"{job.job_id}:{job.round}:{job.status}"


def ended_at(job: Job) -> Seconds:
    """When an ended job ended."""
    return job.completed_at or job.failed_at or job.updated_at


def notice_of(job: Job, site: str) -> Notice:
    """The message about an ended job; `site` is the address of the API, without a slash."""
    done = job.status is JobStatus.COMPLETED
    cancelled = job.error_kind == ErrorKind.CANCELLED
    return Notice(
        type="job.completed" if done else "job.failed",
        timestamp=_moment(ended_at(job)),
        data=EndedJob(
            id=job.job_id,
            owner=job.owner,
            title=job.title,
            status=job.status,
            state="cancelled" if cancelled else job.status.value,
            mode=job.mode,
            created_at=_moment(job.created_at),
            completed_at=_moment(job.completed_at) if job.completed_at is not None else None,
            error=_error(job),
            result=_result(job) if done else None,
            warnings=strength_warnings(job.options),
            links={name: f"{site}{path}" for name, path in _paths(job).items()},
        ),
    )


def _error(job: Job) -> EndError | None:
    if job.error_kind is None:
        return None
    return EndError(kind=job.error_kind, text=job.error_text or "", segment=job.error_segment)


def _result(job: Job) -> dict[str, Any]:
    suffix = PurePosixPath(job.output_key or "film.mp4").suffix.removeprefix(".")
    return {**(job.result or {}), "filename": film_name(job.title, job.options.recipe, suffix)}


def _paths(job: Job) -> dict[str, str]:
    base = f"/v1/jobs/{job.job_id}"
    paths = {"self": base, "page": f"/jobs/{job.job_id}"}
    if job.status is JobStatus.COMPLETED:
        paths |= {"play": f"{base}/play", "download": f"{base}/download"}
    elif not hopeless(job):
        paths["retry"] = f"{base}/retry"
    return paths


def _moment(seconds: Seconds) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
