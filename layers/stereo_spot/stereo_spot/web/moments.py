"""Scenes, words and search: the API, and the page that shows what was found."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stereo_spot.analysis.records import frame_key
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import is_job_id
from stereo_spot.model import ALIVE, Job, JobStatus
from stereo_spot.web.library_port import FilmLibrary
from stereo_spot.web.moment_views import AnalysisView, HitView, analysis_view, hit_view
from stereo_spot.web.posters import posters
from stereo_spot.web.presets import LAYOUT
from stereo_spot.web.rendering import render
from stereo_spot.web.site import Site, ThisJob, ThisSite
from stereo_spot.web.telling import has_source, job_view

router = APIRouter(tags=["moments"])
SHOWN = 24
NAMED, LOOKED_AT = 6, 100
"""Films found by their title, and among how many of the newest."""
WIDER = 3
"""How many times more moments are looked at than shown: some are of deleted films."""
ALIKE = 0.5
"""Pictures that have less in common than this do not look alike."""
Words = Annotated[str | None, Query(max_length=300, description="A few words")]
Like = Annotated[
    str | None, Query(max_length=100, description="A picture that is known: `{job_id}.{scene}`")
]
Scene = Annotated[int, Path(ge=0, le=999_999)]


class Hits(BaseModel):
    """Moments, best first."""

    hits: list[HitView]


def library_of(site: ThisSite) -> FilmLibrary:
    """The library of the site; without one these routes are not there."""
    if site.library is None:
        raise RequestError(ErrorKind.NOT_FOUND, "films are not analyzed here")
    return site.library


ThisLibrary = Annotated[FilmLibrary, Depends(library_of)]


@router.get("/v1/search", operation_id="search", summary="Find moments")
def search(
    site: ThisSite,
    library: ThisLibrary,
    q: Words = None,
    like: Like = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Hits:
    """Moments of all films for a few words, or such that look like a known picture."""
    return Hits(hits=found(site, library, q, like, limit))


@router.post(
    "/v1/jobs/{job_id}/analyze", status_code=202, operation_id="analyzeJob", summary="Analyze"
)
def analyze(job: ThisJob, site: ThisSite, library: ThisLibrary) -> AnalysisView:
    """Let the film of a job be analyzed while it is still kept; asking again changes nothing."""
    library.begin(job)
    return analysis_of(job, site, library)


@router.get("/v1/jobs/{job_id}/analysis", operation_id="getAnalysis", summary="Scenes and words")
def analysis(job: ThisJob, site: ThisSite, library: ThisLibrary) -> AnalysisView:
    """What is known of the film of a job."""
    return analysis_of(job, site, library)


@router.get(
    "/v1/jobs/{job_id}/scenes/{number}/picture",
    operation_id="getScenePicture",
    summary="Picture of a scene",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def picture(job: ThisJob, number: Scene, library: ThisLibrary) -> Response:
    """A JPEG."""
    headers = {"cache-control": "private, max-age=3600"}
    return Response(_picture(job.job_id, number, library), 200, headers, "image/jpeg")


@router.post("/jobs/{job_id}/analyze", include_in_schema=False)
def analyze_from_form(job: ThisJob, library: ThisLibrary) -> RedirectResponse:
    """Analyze it, asked from the page."""
    library.begin(job)
    return RedirectResponse(f"/jobs/{job.job_id}", 303)


@router.get("/search", include_in_schema=False)
def results(
    request: Request, site: ThisSite, library: ThisLibrary, q: Words = None, like: Like = None
) -> HTMLResponse:
    """What was found, as pictures that lead into the films."""
    problem, hits, films = None, [], list[Job]()
    try:
        hits = found(site, library, q, like, SHOWN)
        films = named(site, q or "")
    except RequestError as error:
        if error.kind is not ErrorKind.BAD_REQUEST:
            raise
        problem = "Type a few words to search for."
    values = {
        "q": q or "",
        "like": f"/v1/jobs/{like.replace('.', '/scenes/')}/picture" if like and not problem else "",
        "hits": hits,
        "named": [job_view(job, site) for job in films],
        "posters": posters(films, site),
        "layout": LAYOUT,
        "now": site.services.clock(),
        "problem": problem,
        "offline": all(hit.model.startswith("offline-") for hit in hits),
    }
    return render(request, "search.html", values)


def analysis_of(job: Job, site: Site, library: FilmLibrary) -> AnalysisView:
    """The view of a film as it is known now."""
    return analysis_view(job, library.contents(job.job_id), kept=has_source(job, site))


def found(
    site: Site, library: FilmLibrary, words: str | None, like: str | None, limit: int
) -> list[HitView]:
    """Moments of films that are there; one for each scene or sentence.

    Raises:
        RequestError: `bad_request` unless there is exactly one thing to search for.
    """
    if (words is None) == (like is None):
        raise RequestError(ErrorKind.BAD_REQUEST, "search for words (q) or for a picture (like)")
    question = words if words is not None else _known_picture(like or "", site, library)
    jobs: dict[str, Job | None] = {}
    views: dict[tuple[str, float], HitView] = {}
    for hit in library.search(question, limit=limit * WIDER):
        if hit.video_id not in jobs:
            jobs[hit.video_id] = _job(hit.video_id, site)
        job = jobs[hit.video_id]
        view = hit_view(hit, job) if job is not None else None
        if view is not None and (like is None or (view.like != like and view.score >= ALIKE)):
            views.setdefault((view.job_id, view.start), view)
    return list(views.values())[:limit]


def named(site: Site, words: str) -> list[Job]:
    """The newest films whose titles hold all of the words."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    page = site.services.jobs.page(ALIVE, limit=LOOKED_AT)
    titled = [(job, (job.title or "").casefold()) for job in page.jobs]
    return [job for job, title in titled if all(word in title for word in wanted)][:NAMED]


def _known_picture(like: str, site: Site, library: FilmLibrary) -> bytes:
    job_id, _, number = like.partition(".")
    if not is_job_id(job_id) or not number.isdecimal() or len(number) > 6:
        raise RequestError(ErrorKind.BAD_REQUEST, f"not a known picture: {like!r:.120}")
    if _job(job_id, site) is None:
        raise RequestError(ErrorKind.NOT_FOUND, "no such picture")
    return _picture(job_id, int(number), library)


def _picture(job_id: str, number: int, library: FilmLibrary) -> bytes:
    content = library.picture(frame_key(job_id, number))
    if content is None:
        raise RequestError(ErrorKind.NOT_FOUND, "no such picture")
    return content


def _job(job_id: str, site: Site) -> Job | None:
    job = site.services.jobs.get(job_id) if is_job_id(job_id) else None
    return None if job is None or job.status is JobStatus.DELETED else job
