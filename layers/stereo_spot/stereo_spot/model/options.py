"""What a person chooses, and where a job stands."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from stereo_spot.model.base import Frozen
from stereo_spot.model.look import AnaglyphMethod, Fill, PixelFormat, Synth, fits_codec


class StereoMode(StrEnum):
    """How the two eyes are laid out in one picture."""

    SBS = "sbs"
    HALF_SBS = "half_sbs"
    TOP_BOTTOM = "top_bottom"
    HALF_TOP_BOTTOM = "half_top_bottom"
    ANAGLYPH = "anaglyph"
    CROSS_EYED = "cross_eyed"
    LEFT_ONLY = "left_only"
    RIGHT_ONLY = "right_only"
    ROW_INTERLACED = "row_interlaced"
    COLUMN_INTERLACED = "column_interlaced"
    CHECKERBOARD = "checkerboard"
    RGBD = "rgbd"


class Tier(StrEnum):
    """Which depth and fill make the second eye."""

    CLASSIC = "classic"
    FAST = "fast"
    QUALITY = "quality"
    STUB = "stub"

    @property
    def preroll_frames(self) -> int:
        """Frames before a segment that the engine sees but does not render."""
        return 25 if self is Tier.QUALITY else 8


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
        """Whether the move from this status to `other` is legal; undoing a deletion is no move."""
        return other in _MOVES[self]


_S = JobStatus
OPEN = (
    _S.CREATED,
    _S.INGESTING,
    _S.CHUNKING_IN_PROGRESS,
    _S.CHUNKING_COMPLETE,
    _S.REASSEMBLING,
)
ALIVE = tuple(status for status in JobStatus if status is not _S.DELETED)
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


PRESETS = "^(ultrafast|superfast|veryfast|faster|fast|medium|slow|slower|veryslow)$"
"""What x264 and x265 call their trades of speed for size."""


class Recipe(Frozen):
    """What the engine is asked to make; part of the plan, so it never changes within a job."""

    mode: StereoMode = StereoMode.SBS
    tier: Tier = Tier.CLASSIC
    max_disparity: float = Field(default=2.5, ge=0.0, le=10.0)
    """Total strength, percent of picture width."""
    convergence: float = Field(default=0.7, ge=0.0, le=1.0)
    """The depth that lies on the screen: 0 puts all in front, 1 all behind."""
    codec: str = Field(default="h264", pattern="^(h264|hevc)$")
    crf: int = Field(default=16, ge=0, le=51)
    preset: str = Field(default="veryfast", pattern=PRESETS)
    max_width: int | None = Field(default=None, ge=16, le=16384)
    """Widest finished picture, in pixels of the finished layout."""
    seed: int = 0
    anaglyph: AnaglyphMethod = AnaglyphMethod.DUBOIS
    swap_eyes: bool = False
    synth: Synth = Synth.RIGHT
    fill: Fill = Fill.EXTEND
    floating_window: bool = False
    """Whether black strips bring the picture's edges before what they would cut."""
    pix_fmt: PixelFormat = PixelFormat.EIGHT_BITS
    depth_from: str | None = None
    """Depth made elsewhere, a folder or a video on this machine: a map for every frame."""
    depth_version: str = ""
    """Differs when those files do, so that other depth makes another job."""
    export_depth: str | None = None
    """A folder on this machine for the depth maps of all frames."""

    @property
    def names_files(self) -> bool:
        """Whether it reads or writes depth on the machine that renders."""
        return self.depth_from is not None or self.export_depth is not None

    @field_validator("pix_fmt")
    @classmethod
    def _fits_the_codec(cls, pix_fmt: PixelFormat, info: ValidationInfo) -> PixelFormat:
        return fits_codec(pix_fmt, info.data.get("codec"))


class JobOptions(Frozen):
    """All a person may choose for one job."""

    recipe: Recipe = Recipe()
    segment_duration_s: float = Field(default=30.0, ge=0.5, le=300.0)
    scene_cuts: bool = False
    """Whether segment borders may move to a scene cut within 2 s of their target."""
    start_s: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    end_s: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    container: Container = Container.AUTO
