"""`/v1/jobs/{id}/upload`: send the film in parts that can be resumed, straight to the store."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import SourceKey
from stereo_spot.model import Job, JobStatus
from stereo_spot.ports import UploadedPart
from stereo_spot.web.asked import PartAsked, UploadAsked, UploadDone
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError
from stereo_spot.web.site import Site, ThisJob, ThisSite, absolute_grant
from stereo_spot.web.telling import has_source, job_view
from stereo_spot.web.views import JobView, UploadView, View

router = APIRouter(prefix="/v1/jobs/{job_id}/upload", tags=["upload"])
MAX_PARTS = 10_000
PART_BYTES = 16 << 20
UploadId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._~-]{1,1024}$")]
PartNumber = Annotated[int, Path(ge=1, le=MAX_PARTS)]


class UploadBegun(View):
    """How to send the film: in parts, or with one link."""

    upload_id: str | None = None
    part_size_bytes: int | None = Field(
        default=None, description="Send parts of this size; only the last may be smaller."
    )
    single: UploadView | None = None


class PartsHeld(View):
    """The parts that the store holds."""

    parts: list[UploadedPart]
    size_bytes: int


@router.post("", status_code=201, operation_id="beginUpload", summary="Begin an upload")
def begin_upload(
    job: ThisJob, request: Request, response: Response, site: ThisSite, asked: UploadAsked
) -> UploadBegun:
    """Begin sending the film of a job in parts, or get a fresh link for one request."""
    _wants_film(job, site)
    limit = site.services.limits.max_bytes
    if asked.size_bytes is not None and asked.size_bytes > limit:
        raise RequestError(
            ErrorKind.SOURCE_TOO_LARGE, f"{asked.size_bytes} bytes are more than {limit}"
        )
    key, uploads = str(SourceKey(job.job_id)), site.services.uploads
    response.headers["cache-control"] = "no-store"
    if not asked.parts:
        return UploadBegun(single=UploadView.of(absolute_grant(request, uploads.single(key))))
    upload_id = uploads.begin(key)
    response.headers["location"] = f"/v1/jobs/{job.job_id}/upload/{upload_id}/parts"
    return UploadBegun(upload_id=upload_id, part_size_bytes=part_size(asked.size_bytes))


@router.post("/{upload_id}/parts/{number}", operation_id="signPart", summary="Link for a part")
def sign_part(
    job: ThisJob,
    upload_id: UploadId,
    number: PartNumber,
    request: Request,
    response: Response,
    site: ThisSite,
) -> UploadView:
    """A signed link to PUT one part to; sending a part again replaces it."""
    _wants_film(job, site)
    grant = site.services.uploads.part(str(SourceKey(job.job_id)), upload_id, number)
    response.headers["cache-control"] = "no-store"
    return UploadView.of(absolute_grant(request, grant))


@router.get("/{upload_id}/parts", operation_id="listParts", summary="Parts that arrived")
def list_parts(job: ThisJob, upload_id: UploadId, site: ThisSite) -> PartsHeld:
    """What the store holds of an upload; go on with the parts that are missing."""
    held = site.services.uploads.parts(str(SourceKey(job.job_id)), upload_id)
    return PartsHeld(parts=held, size_bytes=sum(part.size for part in held))


@router.post("/{upload_id}/complete", operation_id="completeUpload", summary="Finish an upload")
def complete_upload(job: ThisJob, upload_id: UploadId, done: UploadDone, site: ThisSite) -> JobView:
    """Put the parts together; the work begins by itself unless the job waits for a start."""
    key, uploads = str(SourceKey(job.job_id)), site.services.uploads
    held = uploads.parts(key, upload_id)
    _check_whole(held, done)
    uploads.finish(key, upload_id, _listed(done.parts, held))
    return job_view(job, site)


@router.delete("/{upload_id}", status_code=204, operation_id="abortUpload", summary="Give up")
def abort_upload(job: ThisJob, upload_id: UploadId, site: ThisSite) -> None:
    """Drop an upload and the parts it holds."""
    site.services.uploads.finish(str(SourceKey(job.job_id)), upload_id, None)


def part_size(film_bytes: int | None) -> int:
    """A part size, in whole MiB, that needs no more parts than there may be."""
    if film_bytes is None:
        return PART_BYTES
    mib = 1 << 20
    return max(PART_BYTES, -(-film_bytes // (MAX_PARTS * mib)) * mib)


def _wants_film(job: Job, site: Site) -> None:
    if job.status is not JobStatus.CREATED or has_source(job, site):
        raise RequestError(ErrorKind.CONFLICT, f"job {job.job_id} has its film already")


def _check_whole(held: Sequence[UploadedPart], done: UploadDone) -> None:
    if [part.number for part in held] != list(range(1, len(held) + 1)):
        raise RequestError(ErrorKind.CONFLICT, "parts are missing in between")
    size = sum(part.size for part in held)
    if done.size_bytes is not None and done.size_bytes != size:
        raise HttpError(
            409, HttpKind.UPLOAD_INCOMPLETE, f"{size} of {done.size_bytes} bytes arrived"
        )


def _listed(
    asked: Sequence[PartAsked] | None, held: Sequence[UploadedPart]
) -> Sequence[UploadedPart]:
    """The parts as the caller lists them; sizes are the store's."""
    if asked is None:
        return held
    sizes = {part.number: part.size for part in held}
    return [
        UploadedPart(number=part.number, size=sizes.get(part.number, 0), etag=part.etag.strip('"'))
        for part in asked
    ]
