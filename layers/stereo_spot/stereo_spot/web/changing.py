"""Another title for a film."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from stereo_spot.conversion import control
from stereo_spot.model import Job
from stereo_spot.web.asked import JobChange, PlainJobChange
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError
from stereo_spot.web.site import Site, ThisJob, ThisSite
from stereo_spot.web.telling import job_view
from stereo_spot.web.views import JobView, names

router = APIRouter(tags=["jobs"])
IfMatch = Annotated[str | None, Header()]


@router.patch("/v1/jobs/{job_id}", operation_id="changeJob", summary="Change the title")
def change_job(
    asked: JobChange, job: ThisJob, site: ThisSite, response: Response, if_match: IfMatch = None
) -> JobView:
    """Give a film another title, in any state; its download is named after it.

    With the `ETag` of the job in `If-Match`, only while nothing of it has changed.
    """
    view = job_view(retitled(job, asked.title, if_match, site), site)
    response.headers.update({"etag": view.etag, "cache-control": "no-cache"})
    return view


@router.patch("/jobs/{job_id}", status_code=204, include_in_schema=False)
def change_plainly(
    asked: PlainJobChange, job: ThisJob, site: ThisSite, if_match: IfMatch = None
) -> None:
    """The same, answered without a body."""
    retitled(job, asked.title, if_match, site)


def retitled(job: Job, title: str, if_match: str | None, site: Site) -> Job:
    """The job under its new title.

    Raises:
        HttpError: `precondition_failed` when `if_match` names another state than it is in.
    """
    if if_match is None or names(if_match, job_view(job, site).etag):
        renamed = control.rename(job, title, site.services, as_read=if_match is not None)
        if renamed is not None:
            return renamed
    raise HttpError(
        412, HttpKind.PRECONDITION_FAILED, f"job {job.job_id} is not as If-Match says any more"
    )
