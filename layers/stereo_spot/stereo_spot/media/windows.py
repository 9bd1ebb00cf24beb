"""Where a film is cut: arithmetic on frame times, no media touched.

Targets lie on a grid of one segment duration from the first planned frame, so windows do not
drift; a window begins with the first frame at or after its target, or at a scene cut near it.
The last window keeps whatever remains, however short.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from stereo_spot.errors import ErrorKind, RequestError

SCENE_REACH_S = 2
SCENE_REACH_SHARE = Fraction(2, 5)
"""How far a border may move from its target: seconds, and share of a segment."""

SceneAt = Callable[[int, int, int], int | None]
"""Given target, earliest and latest time: the time of the first frame of a scene there."""


class Border(NamedTuple):
    """The first frame of a window, and whether a new scene begins there."""

    frame: int
    scene: bool


@dataclass(frozen=True)
class PlannedWindow:
    """A window of the plan, as it goes to and from the guarded process; see `model.Window`."""

    index: int
    start_pts: int
    end_pts: int
    n_frames: int
    base_index: int
    preroll_frames: int
    from_pts: int
    first_packet: int
    last_packet: int


def planned_range(
    pts: Sequence[int], time_base: Fraction, start_s: float | None, end_s: float | None
) -> tuple[int, int]:
    """First and one past the last frame from `start_s` to `end_s`; None: all there are.

    Both count from the first shown frame of the film.

    Raises:
        RequestError: `bad_request` when nothing lies between them.
    """
    first, end = 0, len(pts)
    if start_s is not None:
        first = bisect_left(pts, pts[0] + _ticks(start_s, time_base))
    if end_s is not None:
        end = bisect_left(pts, pts[0] + _ticks(end_s, time_base))
    if first >= end:
        raise RequestError(
            ErrorKind.BAD_REQUEST,
            f"no frame of the film lies between {_said(start_s, 'its start')} and "
            f"{_said(end_s, 'its end')}",
        )
    return first, end


def borders(
    pts: Sequence[int],
    within: tuple[int, int],
    time_base: Fraction,
    duration_s: float,
    scene_at: SceneAt | None = None,
) -> Iterator[Border]:
    """The first frames of all windows of the frames `within`."""
    first, end = within
    step = Fraction(str(duration_s)) / time_base
    reach = min(Fraction(SCENE_REACH_S) / time_base, step * SCENE_REACH_SHARE)
    yield Border(first, scene=False)
    target, previous = pts[first] + step, first
    while True:
        found = (
            scene_at(int(target), int(target - reach), int(target + reach)) if scene_at else None
        )
        frame = _frame_at(pts, found if found is not None else target, end)
        if frame >= end:
            return
        if frame > previous:
            yield Border(frame, scene=found is not None)
            previous = frame
        target += step * max(1, (pts[frame] - target) // step)


def _frame_at(pts: Sequence[int], time: int | Fraction, end: int) -> int:
    """The first frame at or after `time` that does not share its time with the one before."""
    frame = bisect_left(pts, time)
    while 0 < frame < end and pts[frame] == pts[frame - 1]:
        frame += 1
    return frame


def preroll(frame: int, wanted: int, scene: bool, since: int) -> int:
    """Frames before `frame` that the engine is shown; none from before `since`."""
    return 0 if scene else min(wanted, frame - since)


def check_count(count: int, most: int, duration_s: float) -> None:
    """Refuse a plan of too many segments."""
    if count > most:
        raise RequestError(
            ErrorKind.BAD_REQUEST,
            f"segments of {duration_s:g} s would cut the film into {count} pieces; at most "
            f"{most} are possible: ask for longer segments",
        )


def _said(seconds: float | None, otherwise: str) -> str:
    return otherwise if seconds is None else f"{seconds:g} s"


def _ticks(seconds: float, time_base: Fraction) -> Fraction:
    return Fraction(str(seconds)) / time_base
