"""What a person may choose about an analysis."""

from pydantic import Field

from stereo_spot.model import Frozen


class AnalysisOptions(Frozen):
    """Part of every stage's basis as far as the stage depends on it."""

    normalize: bool = True
    transcribe: bool = True
    vision: bool = True
    embed: bool = True
    max_frames: int = Field(default=50, ge=1, le=100_000)
    best_frame: bool = False
    """Take the sharpest picture around the middle of a scene rather than the one in the middle."""
    same_picture_bits: int = Field(default=6, ge=0, le=64)
    """Pictures whose hashes differ in at most so many of 64 bits are the same."""
    vision_concurrent: int = Field(default=5, ge=1, le=64)
