"""Deleting a film on the page, and undoing it: plain forms, so that both work without scripts."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from stereo_spot.conversion import control
from stereo_spot.keys import is_job_id
from stereo_spot.model import JobStatus
from stereo_spot.transitions.job import UNDO_S
from stereo_spot.web.site import JobId, Site, ThisSite

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Removed:
    """A film that is gone, as the library tells of it."""

    job_id: str | None = None
    title: str | None = None
    undo_s: float = 0.0
    """How long undoing it is still offered."""


@router.post("/jobs/{job_id}/delete")
def delete_from_form(job_id: JobId, site: ThisSite) -> RedirectResponse:
    """Remove a film; the library offers to undo that."""
    control.set_aside(job_id, site.services)
    return RedirectResponse(f"/jobs?{urlencode({'removed': 1, 'undo': job_id})}", 303)


@router.post("/jobs/{job_id}/restore")
def restore_from_form(job_id: JobId, site: ThisSite) -> RedirectResponse:
    """Bring a film back that was just deleted."""
    control.restore(job_id, site.services)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def removed(job_id: str | None, site: Site) -> Removed | None:
    """What there is to say of a film that was deleted; None when it is back."""
    job = site.services.jobs.get(job_id) if job_id is not None and is_job_id(job_id) else None
    if job is None:
        return Removed()
    if job.status is not JobStatus.DELETED:
        return None
    since = site.services.clock() - (job.deleted_at or 0.0)
    left = UNDO_S - since if job.deleted_from is not None else 0.0
    return Removed(job.job_id, job.title or "Untitled film", max(left, 0.0))
