"""The words of the domain: job, segment, plan, manifest; all frozen, times in Unix seconds.

Rows keep the attribute names of the tables (`job_id`, `segment_index`, ...); absent means None.
"""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

JOB_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
MAX_SEGMENTS = 99_999

Seconds = float
JobId = Annotated[str, Field(pattern=JOB_ID_PATTERN)]


class Frozen(BaseModel):
    """A value: never changed, refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of this value, as hex."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()


class StereoMode(StrEnum):
    """How the two eyes are laid out in one picture."""

    SBS = "sbs"
    HALF_SBS = "half_sbs"
    TOP_BOTTOM = "top_bottom"
    HALF_TOP_BOTTOM = "half_top_bottom"
    ANAGLYPH = "anaglyph"


class Tier(StrEnum):
    """Which depth and fill make the second eye."""

    CLASSIC = "classic"
    STUB = "stub"

    @property
    def preroll_frames(self) -> int:
        """Frames before a segment that the engine sees but does not render."""
        return 8


class Container(StrEnum):
    """The container of the finished film; `auto` is mp4 unless a track does not fit it."""

    AUTO = "auto"
    MP4 = "mp4"
    MKV = "mkv"


class JobStatus(StrEnum):
    """Where a job stands."""

    CREATED = "created"
    INGESTING = "ingesting"
    CHUNKING_IN_PROGRESS = "chunking_in_progress"
    CHUNKING_COMPLETE = "chunking_complete"
    REASSEMBLING = "reassembling"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"

    @property
    def open(self) -> bool:
        """Whether work can still be done for the job."""
        return self in OPEN

    def may_become(self, other: "JobStatus") -> bool:
        """Whether the move from this status to `other` is legal."""
        return other in _MOVES[self]


_S = JobStatus
OPEN = (
    _S.CREATED,
    _S.INGESTING,
    _S.CHUNKING_IN_PROGRESS,
    _S.CHUNKING_COMPLETE,
    _S.REASSEMBLING,
)
CHUNKING = (_S.CHUNKING_IN_PROGRESS, _S.CHUNKING_COMPLETE)
_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    _S.CREATED: frozenset({_S.INGESTING, _S.CHUNKING_IN_PROGRESS, _S.FAILED, _S.DELETED}),
    _S.INGESTING: frozenset({_S.CREATED, _S.FAILED, _S.DELETED}),
    _S.CHUNKING_IN_PROGRESS: frozenset(
        {_S.CHUNKING_IN_PROGRESS, _S.CHUNKING_COMPLETE, _S.REASSEMBLING, _S.FAILED, _S.DELETED}
    ),
    _S.CHUNKING_COMPLETE: frozenset({_S.REASSEMBLING, _S.FAILED, _S.DELETED}),
    _S.REASSEMBLING: frozenset({_S.REASSEMBLING, _S.COMPLETED, _S.FAILED, _S.DELETED}),
    _S.COMPLETED: frozenset({_S.DELETED}),
    _S.FAILED: frozenset({_S.CREATED, _S.CHUNKING_IN_PROGRESS, _S.CHUNKING_COMPLETE, _S.DELETED}),
    _S.DELETED: frozenset(),
}


class Recipe(Frozen):
    """What the engine is asked to make; part of the plan, so it never changes within a job."""

    mode: StereoMode = StereoMode.SBS
    tier: Tier = Tier.CLASSIC
    max_disparity: float = Field(default=2.5, ge=0.0, le=10.0)
    """Total strength, percent of picture width."""
    convergence: float = Field(default=0.7, ge=0.0, le=1.0)
    """The depth that lies on the screen: 0 puts all in front, 1 all behind."""
    codec: str = Field(default="h264", pattern="^(h264|hevc)$")
    crf: int = Field(default=18, ge=0, le=51)
    preset: str = Field(default="veryfast", pattern="^[a-z]{4,9}$")
    max_width: int | None = Field(default=None, ge=16, le=16384)
    """Widest finished picture, in pixels of the finished layout."""
    seed: int = 0


class JobOptions(Frozen):
    """All a person may choose for one job."""

    recipe: Recipe = Recipe()
    segment_duration_s: float = Field(default=30.0, ge=0.5, le=300.0)
    scene_cuts: bool = False
    """Whether segment borders may move to a scene cut within 2 s of their target."""
    start_s: float | None = Field(default=None, ge=0.0)
    end_s: float | None = Field(default=None, gt=0.0)
    container: Container = Container.AUTO


class AudioTrack(Frozen):
    """One sound track of the source."""

    codec: str
    channels: int
    sample_rate: int
    language: str | None = None
    packets: int = 0
    """Packets of the track; the join reserves room for their index."""


class SourceFacts(Frozen):
    """What the container says about a source, before any of it is decoded."""

    frames: int
    """Frames a player shows; exact."""
    duration_s: float
    width: int
    height: int
    frame_rate: str
    """Average, as a fraction `num/den`."""
    time_base: str
    start_pts: int
    video_codec: str
    pixel_format: str
    container: str
    rotation: int = 0
    audio: tuple[AudioTrack, ...] = ()
    subtitles: int = 0
    subtitle_codecs: tuple[str, ...] = ()
    chapters: int = 0


class Window(Frozen):
    """One segment of the plan: the frames with start_pts <= pts < end_pts."""

    index: int
    start_pts: int
    end_pts: int
    n_frames: int
    base_index: int
    """Position of the first frame of the window in the planned film."""
    preroll_frames: int = 0
    """Frames before the window that the engine needs to see; 0 at the start and after a cut."""
    from_pts: int = 0
    """Time of the first pre-roll frame; `start_pts` where there is none."""
    first_packet: int = 0
    """Place among the video packets of the one that decoding begins with."""
    last_packet: int = 0
    """Place of the last packet that the window needs."""


class Plan(Frozen):
    """How a source is cut; a pure function of the source version and the options."""

    source_etag: str
    facts: SourceFacts
    options: JobOptions
    time_base: str
    windows: tuple[Window, ...]

    @property
    def total(self) -> int:
        """Number of segments."""
        return len(self.windows)

    @property
    def frames(self) -> int:
        """Number of frames of the finished film."""
        return sum(window.n_frames for window in self.windows)


class CutSegment(Frozen):
    """What the cut learnt about one segment."""

    index: int
    n_frames: int
    preroll_frames: int
    base_index: int
    from_time: str
    """Time of the first pre-roll frame in the segment file, seconds as `num/den`; earlier frames
    are there only because decoding needs them."""
    pts: tuple[int, ...]
    """Presentation times of the window's frames in the source time base."""


class Manifest(Frozen):
    """Exact times and counts of every segment, written once when the cut is done."""

    plan_digest: str
    time_base: str
    segments: tuple[CutSegment, ...]


class Row(Frozen):
    """A stored row. Unknown attributes of other writers are dropped on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, attributes: dict[str, Any]) -> Self:
        """Read a row from its stored attributes."""
        return cls.model_validate(attributes)

    def attributes(self) -> dict[str, Any]:
        """The attributes to store; None is left out."""
        return self.model_dump(mode="json", exclude_none=True)


class Leased(Row):
    """The four fields of a lease, and the two counters that bound it."""

    lease_owner: str | None = None
    lease_until: Seconds | None = None
    tries: int = 0
    """Failures that a worker reported in this round."""
    reclaims: int = 0
    """Leases lost (a killed process, a reclaimed host) without progress in between."""


class Job(Leased):
    """One film on its way."""

    job_id: str
    status: JobStatus
    mode: StereoMode
    created_at: Seconds
    updated_at: Seconds
    deadline_at: Seconds
    round: int = 1
    options: JobOptions = JobOptions()
    owner: str | None = None
    title: str | None = None
    start_requested_at: Seconds | None = None
    uploaded_at: Seconds | None = None
    source_file_size_bytes: int | None = None
    source_etag: str | None = None
    facts: SourceFacts | None = None
    plan_digest: str | None = None
    total_segments: int | None = None
    chunked_at: Seconds | None = None
    done_hint: int = 0
    """Completions counted so far; a hint, may be off by doubled or lost adds."""
    frames_done: int = 0
    dispatch_at: Seconds | None = None
    dispatches: int = 0
    announce: str | None = None
    due_at: Seconds | None = None
    completed_at: Seconds | None = None
    failed_at: Seconds | None = None
    deleted_at: Seconds | None = None
    collections: int = 0
    ttl: Seconds | None = None
    error_kind: str | None = None
    error_text: str | None = None
    error_segment: int | None = None
    output_key: str | None = None
    output_etag: str | None = None
    frames: int | None = None
    result: dict[str, Any] | None = None
    """What the finished film is: counts, timing, warnings, depth source and confidence."""


class Segment(Leased):
    """One row of the ledger: a claim, and once `completed_at` is there, a completion."""

    job_id: str
    segment_index: int
    round: int = 1
    progress_mark: int = 0
    """The job's `done_hint` when `reclaims` was last counted from."""
    completed_at: Seconds | None = None
    total_segments: int | None = None
    output_s3_uri: str | None = None
    output_etag: str | None = None
    frames: int | None = None
    frames_done: int = 0
    """Frames the current holder has finished; for progress only."""
    error_kind: str | None = None
    error_text: str | None = None
    ttl: Seconds | None = None
    report: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether a verified output object stands behind this row."""
        return self.completed_at is not None


class SegmentCompletion(Frozen):
    """A rendered segment as its stored object tells it."""

    job_id: str
    segment_index: int
    total_segments: int
    completed_at: Seconds
    output_s3_uri: str
    output_etag: str
    plan_digest: str
    frames: int
