"""Whether the application lives and can serve, and what it accepts."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from stereo_spot.conversion.comfort import BEARABLE_PCT
from stereo_spot.model import Container, JobStatus, StereoMode, Tier
from stereo_spot.web.site import ThisSite
from stereo_spot.web.uploads import MAX_PARTS, PART_BYTES

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """A sign of life."""

    status: str = "ok"


class Limits(BaseModel):
    """What a film, an upload and a request may be."""

    source: dict[str, Any]
    formats: list[str]
    upload: dict[str, int]
    modes: list[StereoMode]
    tiers: list[Tier]
    containers: list[Container]
    max_disparity: float
    segment_duration_s: dict[str, float]


@router.get("/healthz", operation_id="live", summary="Alive?")
async def live() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", operation_id="ready", summary="Ready?")
def ready(site: ThisSite) -> Health:
    """The stores answer too; a problem when they do not."""
    site.services.jobs.page((JobStatus.CREATED,), limit=1)
    return Health()


@router.get("/v1/limits", operation_id="limits", summary="Limits")
def limits(site: ThisSite) -> Limits:
    """What is accepted here."""
    accepted = asdict(site.services.limits)
    known = {name: limit for name, limit in accepted.items() if "memory" not in name}
    return Limits(
        source=known,
        formats=["mp4", "mov", "mkv", "webm", "avi", "ts"],
        upload={"part_size_bytes": PART_BYTES, "max_parts": MAX_PARTS},
        modes=list(StereoMode),
        tiers=list(Tier),
        containers=list(Container),
        max_disparity=BEARABLE_PCT,
        segment_duration_s={"min": 0.5, "max": 300.0},
    )
