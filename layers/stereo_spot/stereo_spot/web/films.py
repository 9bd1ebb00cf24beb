"""The finished film: links to watch it and to keep it."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Job, JobStatus
from stereo_spot.web.site import Site, ThisJob, ThisSite
from stereo_spot.web.telling import result_name

router = APIRouter(tags=["film"])


@router.get(
    "/v1/jobs/{job_id}/play",
    status_code=302,
    operation_id="playJob",
    summary="Watch",
    response_class=RedirectResponse,
)
@router.get("/jobs/{job_id}/play", include_in_schema=False, response_class=RedirectResponse)
def play(job: ThisJob, site: ThisSite) -> RedirectResponse:
    """A redirect to a signed link of the finished film; it answers ranges."""
    return film_link(job, site, inline=True)


@router.get(
    "/v1/jobs/{job_id}/download",
    status_code=302,
    operation_id="downloadJob",
    summary="Download",
    response_class=RedirectResponse,
)
@router.get("/jobs/{job_id}/download", include_in_schema=False, response_class=RedirectResponse)
def download(job: ThisJob, site: ThisSite) -> RedirectResponse:
    """A redirect to a signed link that a browser saves under a name players understand."""
    return film_link(job, site, inline=False)


def film_link(job: Job, site: Site, *, inline: bool) -> RedirectResponse:
    """A redirect to the film of a job.

    Raises:
        RequestError: `conflict` while there is none.
    """
    if job.status is not JobStatus.COMPLETED or job.output_key is None:
        raise RequestError(ErrorKind.CONFLICT, f"job {job.job_id} is {job.status}, not completed")
    link = site.services.downloads.url(job.output_key, filename=result_name(job), inline=inline)
    return RedirectResponse(link, 302, {"cache-control": "no-store"})
