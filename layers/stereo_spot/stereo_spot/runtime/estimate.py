"""What a conversion will take, told before it begins; the speed is learnt from earlier ones."""

import json
import math
import os
import shutil
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from stereo_spot.model import Frozen, JobOptions, SourceFacts, StereoMode

_FIRST_GUESS = {"classic": 12e6, "fast": 1.5e6, "quality": 1e6, "stub": 30e6}
"""Source pixels per second and worker, before this machine has been measured."""
_USUAL_PIXELS = 1024 * 576
_BITS_PER_PIXEL = 0.15
_START_S = 2.5
"""What planning, starting the workers and joining take, however short the film."""
_DOUBLED = {StereoMode.SBS, StereoMode.TOP_BOTTOM, StereoMode.CROSS_EYED, StereoMode.RGBD}


class Estimate(Frozen):
    """Frames, time and space; `measured` says whether this machine's own speed is behind it."""

    frames: int
    segments: int
    film_s: float
    seconds: float
    measured: bool
    needed_bytes: int
    free_bytes: int


def _speed_file(data: Path) -> Path:
    return data / "speed.json"


def estimate(
    facts: SourceFacts, options: JobOptions, source_bytes: int, data: Path, *, workers: int
) -> Estimate:
    """Estimate a conversion; while it works it holds the cut, the rendered parts and the film."""
    speeds = _speeds(data)
    recipe = options.recipe
    speed = speeds.get(recipe.tier, _FIRST_GUESS[recipe.tier])
    frames = _frames(facts, options)
    share = frames / max(facts.frames, 1)
    film_s = facts.duration_s * share
    segments = max(1, math.ceil(film_s / options.segment_duration_s))
    pixels = facts.width * facts.height * frames
    film = pixels * (2 if recipe.mode in _DOUBLED else 1) * _BITS_PER_PIXEL / 8
    return Estimate(
        frames=frames,
        segments=segments,
        film_s=film_s,
        seconds=_START_S + pixels / speed / min(workers, segments),
        measured=recipe.tier in speeds,
        needed_bytes=round(source_bytes * share + 2 * film),
        free_bytes=shutil.disk_usage(data).free,
    )


def frame_seconds(tier: str, data: Path) -> float | None:
    """Seconds a worker takes for a frame of 1024x576, as learnt here; None before that."""
    speed = _speeds(data).get(tier)
    return round(_USUAL_PIXELS / speed, 3) if speed else None


def guessed_seconds(tier: str) -> float | None:
    """The same before anything was learnt; None where all depends on the device."""
    return round(_USUAL_PIXELS / _FIRST_GUESS[tier], 3) if tier == "classic" else None


def learn_speed(
    facts: SourceFacts, tier: str, seconds: float, workers: int, data: Path, *, frames: int
) -> None:
    """Remember how fast this machine made so many `frames`; a full disk only forgets it."""
    pixels = facts.width * facts.height * frames
    speeds = _speeds(data) | {tier: pixels / max(seconds - _START_S, 0.5) / workers}
    draft = _speed_file(data).with_suffix(f".{os.getpid()}.part")
    with suppress(OSError):
        draft.write_text(json.dumps(speeds))
        draft.replace(_speed_file(data))


def _frames(facts: SourceFacts, options: JobOptions) -> int:
    """Frames of the cut, as if all were equally long: those at or after its start, before its end.

    The first frame at or after a time is `planned_range`'s, too.
    """

    def first_at(seconds: float) -> int:
        return min(facts.frames, math.ceil(Fraction(str(seconds)) * Fraction(facts.frame_rate)))

    end = facts.frames if options.end_s is None else first_at(options.end_s)
    return max(0, end - first_at(options.start_s or 0.0))


def _speeds(data: Path) -> dict[str, float]:
    try:
        speeds: dict[str, float] = json.loads(_speed_file(data).read_text())
    except (OSError, ValueError):
        return {}
    return speeds
