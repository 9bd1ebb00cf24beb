"""Progress as server-sent events, from the same facts as polling."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from stereo_spot.conversion.control import find
from stereo_spot.errors import RequestError
from stereo_spot.model import JobStatus
from stereo_spot.web.site import Site, ThisJob, ThisSite
from stereo_spot.web.telling import job_view
from stereo_spot.web.views import JobView

router = APIRouter(tags=["progress"])
LOOK_EVERY_S = 0.5
MAX_S = 600.0
RETRY_MS = 2000
_ENDS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.DELETED)


@router.get(
    "/v1/jobs/{job_id}/events",
    operation_id="watchJob",
    summary="Progress as events",
    response_class=EventSourceResponse,
)
async def watch_job(
    job: ThisJob, site: ThisSite, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    """A `job` event with the whole job whenever something has changed, until it ends.

    Every event stands alone, so a client that comes back with `Last-Event-ID` misses nothing.
    """
    async for view in _changes(job.job_id, site, last_event_id):
        yield ServerSentEvent(
            event="job", id=_event_id(view), raw_data=view.model_dump_json(), retry=RETRY_MS
        )


@router.get("/jobs/{job_id}/events", include_in_schema=False, response_class=EventSourceResponse)
async def watch_percent(job: ThisJob, site: ThisSite) -> AsyncIterator[ServerSentEvent]:
    """Percent and stage alone."""
    async for view in _changes(job.job_id, site, None):
        told = {
            "progress_percent": view.progress.percent,
            "stage_label": view.progress.stage,
        }
        yield ServerSentEvent(id=_event_id(view), raw_data=json.dumps(told))


async def _changes(job_id: str, site: Site, seen: str | None) -> AsyncIterator[JobView]:
    for _look in range(round(MAX_S / LOOK_EVERY_S)):
        view = await run_in_threadpool(_look_at, job_id, site)
        if view is None:
            return
        if _event_id(view) != seen:
            seen = _event_id(view)
            yield view
        if view.status in _ENDS:
            return
        await asyncio.sleep(LOOK_EVERY_S)


def _look_at(job_id: str, site: Site) -> JobView | None:
    try:
        return job_view(find(job_id, site.services), site)
    except RequestError:  # deleted meanwhile
        return None


def _event_id(view: JobView) -> str:
    return view.etag[3:-1]
