"""The words of the domain: job, segment, plan, manifest; all frozen, times in Unix seconds."""

from stereo_spot.model.base import (
    JOB_ID_PATTERN,
    MAX_SEGMENTS,
    Frozen,
    JobId,
    Seconds,
)
from stereo_spot.model.film import (
    AudioTrack,
    CutSegment,
    Manifest,
    Plan,
    SourceFacts,
    Window,
)
from stereo_spot.model.look import AnaglyphMethod, Fill, PixelFormat, Synth, fits_codec
from stereo_spot.model.options import (
    ALIVE,
    CHUNKING,
    OPEN,
    PRESETS,
    Container,
    JobOptions,
    JobStatus,
    Recipe,
    StereoMode,
    Tier,
)
from stereo_spot.model.rows import (
    Job,
    Leased,
    Row,
    Segment,
    SegmentCompletion,
)

__all__ = [
    "ALIVE",
    "CHUNKING",
    "JOB_ID_PATTERN",
    "MAX_SEGMENTS",
    "OPEN",
    "PRESETS",
    "AnaglyphMethod",
    "AudioTrack",
    "Container",
    "CutSegment",
    "Fill",
    "Frozen",
    "Job",
    "JobId",
    "JobOptions",
    "JobStatus",
    "Leased",
    "Manifest",
    "PixelFormat",
    "Plan",
    "Recipe",
    "Row",
    "Seconds",
    "Segment",
    "SegmentCompletion",
    "SourceFacts",
    "StereoMode",
    "Synth",
    "Tier",
    "Window",
    "fits_codec",
]
