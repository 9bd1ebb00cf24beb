"""The answers of the API, as types."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from stereo_spot.model import JobOptions, JobStatus, SourceFacts, StereoMode
from stereo_spot.ports import UploadGrant

Instant = Annotated[
    float,
    PlainSerializer(
        lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds"),
        return_type=str,
    ),
    Field(json_schema_extra={"format": "date-time"}),
]
_MOVING = ("frames_per_s", "seconds_left")


def names(header: str, etag: str) -> bool:
    """Whether `If-Match` or `If-None-Match` names this tag, or any."""
    return bool({"*", etag} & {tag.strip() for tag in header.split(",")})


class View(BaseModel):
    """An answer of the API."""

    model_config = ConfigDict(frozen=True)


class ProgressView(View):
    """How far a job is; null is unknown."""

    stage: str
    percent: int
    frames_done: int
    frames_total: int | None
    segments_done: int
    segments_total: int | None
    frames_per_s: float | None
    seconds_left: float | None
    parts: list[float] = Field(
        description="Share done of each segment, 0 to 1; "
        "neighbours are merged where there are very many."
    )


class JobError(View):
    """Why a job failed."""

    kind: str
    text: str
    segment: int | None = None


class UploadView(View):
    """A signed permission to send the film in one request."""

    url: str
    method: str
    headers: dict[str, str]
    expires_at: Instant

    @classmethod
    def of(cls, grant: UploadGrant) -> "UploadView":
        """The view of a grant."""
        return cls.model_validate(grant.model_dump())


class JobView(View):
    """A film on its way."""

    id: str
    title: str | None
    status: JobStatus
    state: str = Field(
        description="Like `status`, but tells a job that is `ready` to start from one without a "
        "film, and one\nthat was `cancelled` from one that failed."
    )
    mode: StereoMode
    created_at: Instant
    completed_at: Instant | None
    uploaded: bool
    options: JobOptions
    facts: SourceFacts | None
    progress: ProgressView
    error: JobError | None
    result: dict[str, Any] | None
    warnings: list[str]
    links: dict[str, str]

    @property
    def etag(self) -> str:
        """A weak tag of the facts; speed and time left move with the clock and do not count."""
        still = self.model_dump_json(exclude={"progress": set(_MOVING)})
        return f'W/"{hashlib.sha256(still.encode()).hexdigest()[:32]}"'


class CreatedView(JobView):
    """A new job, and where to send the film."""

    upload: UploadView


class SegmentView(View):
    """One segment of a job."""

    index: int
    status: Literal["waiting", "working", "done"]
    frames_done: int
    tries: int
    error: JobError | None
