"""The pictures and the sound of a film for whoever looks at it: small, upright, evenly timed."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media import sandbox
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.spooling import write_pieces
from stereo_spot.model import Frozen
from stereo_spot.ports import RangeReader

HEIGHT, RATE, CRF = 720, 30, 22
MAX_WRITTEN = 64 << 30
WALL_PER_SECOND = 20.0
"""Time that one second of film may take to be looked at."""
SLOWEST_BYTES_PER_S = 500_000
"""How long a film may be for its size, as far as its time limit goes, before it was read."""

See = Callable[["Picture"], None]


class Picture(Frozen):
    """One decoded frame: uint8 BGR [height, width, 3] as bytes."""

    number: int = 0
    """Which of the wanted times it answers."""
    time: float
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    pixels: bytes


class Normalized(Frozen):
    """What normalizing made of a film."""

    duration_s: float
    frames: int
    width: int
    height: int
    audio: bool
    damaged_sound_packets: int = 0


class Watched(Frozen):
    """How much was seen."""

    end: float
    frames: int


def normalize(
    source: RangeReader,
    *,
    video: Path,
    audio: Path,
    limits: MediaLimits,
    check: Callable[[], None] = lambda: None,
) -> Normalized:
    """Write `video` (at most 720 high, 30 fps, H.264) and `audio` (16 kHz mono wave) of `source`.

    A film without sound leaves no `audio`; both begin with the first shown frame.
    `check` is called often; what it raises stops the work.
    """
    with _Sinks({"video": video, "audio": audio}, check) as sinks:
        told = sandbox.run(
            "normalize",
            {"height": HEIGHT, "rate": RATE, "crf": CRF},
            readers=sandbox.one(source),
            limits=_patient(limits, source.size / SLOWEST_BYTES_PER_S),
            write=sinks.write,
        )
    made = Normalized.model_validate(told)
    if not made.audio:
        audio.unlink(missing_ok=True)
    return made


def watch(
    source: RangeReader, see: See, *, height: int, duration_s: float, limits: MediaLimits
) -> Watched:
    """Show every frame to `see`, at most `height` high."""
    told = sandbox.run(
        "watch",
        {"height": height},
        readers=sandbox.one(source),
        limits=_patient(limits, duration_s),
        hear=seeing(see),
    )
    return Watched.model_validate(told)


def pick(source: RangeReader, times: Sequence[float], see: See, *, limits: MediaLimits) -> None:
    """Show the frames that are on screen at `times`, which must rise."""
    if not times:
        return
    sandbox.run(
        "pick",
        {"height": HEIGHT, "times": list(times)},
        readers=sandbox.one(source),
        limits=_patient(limits, times[-1]),
        hear=seeing(see),
    )


def _patient(limits: MediaLimits, duration_s: float) -> MediaLimits:
    """Time in proportion to the film: looking at pictures takes longer than reading an index."""
    wall = max(limits.wall_s, min(duration_s, limits.max_duration_s) * WALL_PER_SECOND)
    return replace(limits, wall_s=wall)


def seeing(see: See) -> sandbox.Hear:
    """Takes the pictures that the guarded process sends."""

    def hear(head: dict[str, Any], data: bytes) -> None:
        if head.pop("say", None) != "picture":
            raise SourceError(ErrorKind.SOURCE_CORRUPT, "the reading process sent no picture")
        picture = Picture(pixels=data, **head)
        if len(data) != picture.width * picture.height * 3:
            raise SourceError(ErrorKind.SOURCE_CORRUPT, "the reading process sent half a picture")
        see(picture)

    return hear


class _Sinks:
    """The files that the guarded process may write through us, and only these."""

    def __init__(self, paths: dict[str, Path], check: Callable[[], None]) -> None:
        self._paths, self._check = paths, check
        self._files: dict[str, int] = {}

    def __enter__(self) -> "_Sinks":
        for name, path in self._paths.items():
            self._files[name] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return self

    def __exit__(self, *exc: object) -> None:
        for file in self._files.values():
            os.close(file)

    def write(self, name: str, at: int, pieces: Sequence[memoryview]) -> None:
        """Put what was sent where it belongs."""
        self._check()
        file = self._files.get(name)
        if file is None or not 0 <= at <= MAX_WRITTEN:
            raise SourceError(ErrorKind.SOURCE_CORRUPT, "the reading process wrote nonsense")
        write_pieces(file, pieces, at)
