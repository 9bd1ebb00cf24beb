"""What the routes share: the services, and the few facts a deployment decides."""

from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import urljoin

from fastapi import Depends, Path, Request

from stereo_spot.conversion.control import find
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import is_job_id
from stereo_spot.model import Job, JobOptions
from stereo_spot.ports import UploadGrant
from stereo_spot.web.library_port import FilmLibrary
from stereo_spot.web.owned import OwnedJobs
from stereo_spot.web.storage import SignedStorage


@dataclass(frozen=True)
class Site:
    """One running web application."""

    services: Services
    storage: SignedStorage | None = None
    """Honours signed links here; None where they lead to a cloud store."""
    defaults: JobOptions = field(default_factory=JobOptions)
    """What a request gets that leaves an option out."""
    library: FilmLibrary | None = None
    """What is known of scenes and words; None where films are not analyzed."""
    owner: str | None = None
    """Who asks, where requests carry a name; the services then hold that one's jobs only."""


def site_of(request: Request) -> Site:
    """The site that serves a request, as the one who asks may see it."""
    site: Site = request.app.state.site
    owner = request.scope.get("state", {}).get("owner")
    if owner is None:
        return site
    services = replace(site.services, jobs=OwnedJobs(site.services.jobs, owner))
    return replace(site, services=services, owner=owner)


def known_job_id(job_id: Annotated[str, Path(description="Id of a job", max_length=200)]) -> str:
    """The id in the path; whatever is not exactly an id names nothing."""
    if not is_job_id(job_id):
        raise RequestError(ErrorKind.NOT_FOUND, "no such job")
    return job_id


ThisSite = Annotated[Site, Depends(site_of)]
JobId = Annotated[str, Depends(known_job_id)]


def job_in_path(job_id: JobId, site: ThisSite) -> Job:
    """The job named in the path, unless it was deleted."""
    return find(job_id, site.services)


ThisJob = Annotated[Job, Depends(job_in_path)]


def absolute(request: Request, url: str) -> str:
    """A link as a program elsewhere can use it; links to a cloud store are absolute already."""
    return urljoin(str(request.base_url), url)


def absolute_grant(request: Request, grant: UploadGrant) -> UploadGrant:
    """A grant with an absolute link."""
    return grant.model_copy(update={"url": absolute(request, grant.url)})
