"""What the engine is asked to make, parsed and checked at the door."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from stereo_engine.anaglyph import METHODS
from stereo_engine.errors import EngineError
from stereo_engine.splat import FILLS

PREROLL_FRAMES = 8
"""Frames before its first one that the classic depth looks at; more change nothing."""
STRENGTH_WARN_PCT = 3.0
STRENGTH_MAX_PCT = 5.0


class Mode(StrEnum):
    """How the two eyes are laid out in one picture."""

    SBS = "sbs"
    HALF_SBS = "half_sbs"
    TOP_BOTTOM = "top_bottom"
    HALF_TOP_BOTTOM = "half_top_bottom"
    CROSS_EYED = "cross_eyed"
    ANAGLYPH = "anaglyph"
    LEFT_ONLY = "left_only"
    RIGHT_ONLY = "right_only"
    ROW_INTERLACED = "row_interlaced"
    COLUMN_INTERLACED = "column_interlaced"
    CHECKERBOARD = "checkerboard"
    RGBD = "rgbd"


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": tuple(Mode),
    "tier": ("classic", "fast", "quality", "stub"),
    "codec": ("h264", "hevc"),
    "pix_fmt": ("yuv420p", "yuv420p10le"),
    "synth": ("right", "left", "both"),
    "fill": FILLS,
    "anaglyph": tuple(METHODS),
    "preset": (
        *("ultrafast", "superfast", "veryfast", "faster", "fast"),
        *("medium", "slow", "slower", "veryslow"),
    ),
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "max_disparity": (0.0, 10.0),
    "convergence": (0.0, 1.0),
    "crf": (0, 51),
    "max_width": (16, 16384),
}


@dataclass(frozen=True)
class Recipe:
    """How to make the second eye and how to store the pair."""

    mode: str = Mode.SBS
    tier: str = "classic"
    max_disparity: float = 2.5
    """Total strength: nearest minus farthest disparity, percent of picture width."""
    convergence: float = 0.7
    """The depth that lies on the screen: 0 puts all in front, 1 all behind."""
    codec: str = "h264"
    crf: int = 18
    preset: str = "veryfast"
    max_width: int | None = None
    """Widest finished picture, in pixels of the finished layout."""
    seed: int = 0
    anaglyph: str = "dubois"
    pix_fmt: str = "yuv420p"
    synth: str = "right"
    """Which eye is made: the source is the other one, or lies in the middle of the two."""
    swap_eyes: bool = False
    fill: str = "extend"
    """Of holes: the far side continued, or that blended with the rows above and below."""
    floating_window: bool = False
    """Whether a black strip in one eye brings the picture's edge before what it would cut."""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            _expect(getattr(self, name) in choices, name, getattr(self, name), ", ".join(choices))
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            fits = value is None or (math.isfinite(value) and low <= value <= high)
            _expect(fits, name, value, f"{low} to {high}")
        fits = self.pix_fmt == "yuv420p" or self.codec == "hevc"
        _expect(fits, "pix_fmt", self.pix_fmt, "yuv420p unless the codec is hevc")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read a recipe that came from outside; unknown names and wrong types are refused."""
        types = {field.name: type(getattr(_DEFAULT, field.name)) for field in fields(cls)}
        types["max_width"] = int
        checked = {name: _typed(name, value, types) for name, value in values.items()}
        return cls(**checked)


def _typed(name: str, value: Any, types: Mapping[str, type]) -> Any:
    if name not in types:
        raise EngineError("bad_request", f"unknown recipe field: {name}")
    if value is None and name == "max_width":
        return None
    kind = str if issubclass(types[name], str) else types[name]
    if kind is float and type(value) is int:
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise EngineError("bad_request", f"{name} must be of type {kind.__name__}: {value!r}")
    return value


def _expect(holds: bool, name: str, value: object, what: str) -> None:
    if not holds:
        raise EngineError("bad_request", f"{name} = {value!r}: expected {what}")


_DEFAULT = Recipe()
