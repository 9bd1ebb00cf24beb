"""The pages: a new film, one film, all films; forms work without scripts."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse

from stereo_spot.conversion import control
from stereo_spot.conversion.create import create
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import ALIVE, Job, StereoMode
from stereo_spot.web import removing
from stereo_spot.web.asked import NewJob
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.posters import posters
from stereo_spot.web.presets import LAYOUT, PRESETS, how_to_watch
from stereo_spot.web.rendering import render
from stereo_spot.web.site import JobId, Site, ThisJob, ThisSite
from stereo_spot.web.telling import job_view

if TYPE_CHECKING:
    from stereo_spot.web.moment_views import AnalysisView

router = APIRouter(include_in_schema=False)
PAGE_SIZE = 20
_PARTS = {
    "created": "waiting",
    "ready": "ready",
    "completed": "done",
    "failed": "failed",
    "cancelled": "failed",
}
_KINDS = frozenset({*ErrorKind, *HttpKind})


@router.get("/")
def new_film(request: Request, site: ThisSite) -> HTMLResponse:
    """Drop a film here."""
    recent = site.services.jobs.page(ALIVE, limit=4)
    return render(
        request,
        "new.html",
        {
            "presets": PRESETS,
            "recipe": site.defaults.recipe,
            "max_bytes": site.services.limits.max_bytes,
            "recent": [job_view(job, site) for job in recent.jobs],
            "posters": posters(recent.jobs, site),
            "layout": LAYOUT,
        },
    )


@router.get("/jobs")
def library(
    request: Request,
    site: ThisSite,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
    next_token: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    removed: str | None = None,
    undo: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """All films, newest first."""
    page = site.services.jobs.page(ALIVE, limit=limit, cursor=next_token)
    return render(
        request,
        "library.html",
        {
            "jobs": [job_view(job, site) for job in page.jobs],
            "posters": posters(page.jobs, site),
            "next_token": page.cursor,
            "limit": limit,
            "first": next_token is None,
            "removed": removing.removed(undo, site) if removed == "1" else None,
            "layout": LAYOUT,
            "now": site.services.clock(),
            "searchable": site.library is not None,
        },
    )


@router.get("/jobs/{job_id}")
def one_film(request: Request, job: ThisJob, site: ThisSite) -> HTMLResponse:
    """One film: how far it is, or the film itself."""
    view = job_view(job, site)
    return render(
        request,
        "job.html",
        {
            "job": view,
            "part": part_of_page(view.state),
            "now": site.services.clock(),
            "layout": LAYOUT,
            "how_to_watch": how_to_watch(job.options.recipe),
            "analysis": _analysis(job, site),
        },
    )


@router.post("/jobs")
def create_from_form(
    site: ThisSite, mode: Annotated[StereoMode, Form()] = StereoMode.SBS
) -> RedirectResponse:
    """Make a job; its page takes the film."""
    job = create(NewJob(mode=mode).options(site.defaults), site.services)
    return _to_film(job.job_id)


@router.post("/jobs/{job_id}/start")
def start_from_form(job_id: JobId, site: ThisSite) -> RedirectResponse:
    """Begin the work."""
    control.start(job_id, site.services)
    return _to_film(job_id)


@router.post("/jobs/{job_id}/cancel")
def cancel_from_form(job_id: JobId, site: ThisSite) -> RedirectResponse:
    """Stop the work."""
    control.cancel(job_id, site.services)
    return _to_film(job_id)


@router.post("/jobs/{job_id}/retry")
def retry_from_form(job_id: JobId, site: ThisSite) -> RedirectResponse:
    """Go on where it stopped."""
    control.retry(job_id, site.services)
    return _to_film(job_id)


@router.get("/errors/{kind}")
def about_error(request: Request, kind: Annotated[str, Path(max_length=60)]) -> HTMLResponse:
    """What an error kind means; the `type` of every problem leads here."""
    if kind not in _KINDS:
        raise RequestError(ErrorKind.NOT_FOUND, "no such kind of error")
    return render(request, "kind.html", {"kind": kind})


def part_of_page(state: str) -> str:
    """Which part of the film's page a state shows."""
    return _PARTS.get(state, "working")


def _analysis(job: Job, site: Site) -> "AnalysisView | None":
    """What is known of the film; None where films are not analyzed."""
    if site.library is None:
        return None
    from stereo_spot.web.moments import analysis_of  # loads the analyzer

    return analysis_of(job, site, site.library)


def _to_film(job_id: str) -> RedirectResponse:
    return RedirectResponse(f"/jobs/{job_id}", 303)
