"""Which decoded frames belong to a job: those before are dropped, pre-roll feeds depth only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from stereo_engine.errors import EngineError

TOLERANCE_S = Fraction(1, 2000)


class Timed(Protocol):
    """Anything with a presentation time in seconds; None where the container knows none."""

    @property
    def at(self) -> Fraction | None:
        """Presentation time."""
        ...


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True)
class Selection:
    """From a time on: `skip_frames` of pre-roll, then exactly `n_frames` (None: all)."""

    skip_frames: int = 0
    n_frames: int | None = None
    from_time: Fraction | None = None

    def __post_init__(self) -> None:
        if self.skip_frames < 0 or (self.n_frames is not None and self.n_frames < 1):
            text = f"impossible frame selection: skip {self.skip_frames}, take {self.n_frames}"
            raise EngineError("bad_request", text)

    def before(self, frame: Timed) -> bool:
        """Whether `frame` is there for decoding only: such frames may lie between others."""
        if self.from_time is None or frame.at is None:
            return False
        return frame.at < self.from_time - TOLERANCE_S


def select(frames: Iterable[T], selection: Selection) -> Iterator[tuple[T, bool]]:
    """The frames of a selection in order, each with whether it is to be written.

    Raises:
        EngineError: `source_truncated` when fewer frames came than were asked for.
    """
    seen = written = 0
    for frame in frames:
        if selection.before(frame):
            continue
        seen += 1
        wanted = seen > selection.skip_frames
        written += wanted
        yield frame, wanted
        if written == selection.n_frames:
            return
    if selection.n_frames is not None:
        text = f"asked for {selection.n_frames} frames, the file has {written}"
        raise EngineError("source_truncated", text)
