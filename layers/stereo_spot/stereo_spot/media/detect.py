"""The scenes of a film: PySceneDetect's adaptive detector over every frame.

The analyzer keeps them as rows; the planner may take `SceneList.starts` as borders of segments.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.pictures import Picture, watch
from stereo_spot.model import Frozen
from stereo_spot.ports import RangeReader

if TYPE_CHECKING:
    from scenedetect.common import FrameTimecode

WATCH_HEIGHT = 144
TICKS = 90_000


class SceneList(Frozen):
    """Where scenes begin, in seconds from the first frame, and where the film ends."""

    starts: tuple[float, ...]
    end: float

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of each scene."""
        return tuple(zip(self.starts, (*self.starts[1:], self.end), strict=True))


def find_scenes(
    source: RangeReader,
    *,
    duration_s: float,
    limits: MediaLimits,
    frame_rate: Fraction,
    check: Callable[[], None] = lambda: None,
) -> SceneList:
    """Look at the whole of `source`; a film without a cut is one scene.

    `check` is called at every frame; what it raises stops the work.
    """
    eye = _Eye(frame_rate)

    def see(picture: Picture) -> None:
        check()
        eye.see(picture)

    seen = watch(source, see, height=WATCH_HEIGHT, duration_s=duration_s, limits=limits)
    cuts = sorted({time for time in eye.cuts() if 0.0 < time < seen.end})
    return SceneList(starts=(0.0, *cuts), end=seen.end)


class _Eye:
    """Feeds the detector; its imports are slow, so they wait until a film is there."""

    def __init__(self, frame_rate: Fraction) -> None:
        import numpy
        from scenedetect.common import FrameTimecode, Timecode
        from scenedetect.detectors import AdaptiveDetector

        self._numpy, self._timecode, self._ticks = numpy, FrameTimecode, Timecode
        self._detector = AdaptiveDetector()
        self._rate = frame_rate
        self._found: list[float] = []
        self._last: FrameTimecode | None = None

    def see(self, picture: Picture) -> None:
        """The next frame."""
        pixels = self._numpy.frombuffer(picture.pixels, self._numpy.uint8)
        ticks = self._ticks(pts=round(picture.time * TICKS), time_base=Fraction(1, TICKS))
        self._last = self._timecode(timecode=ticks, fps=self._rate)
        self._keep(
            self._detector.process_frame(
                self._last, pixels.reshape(picture.height, picture.width, 3)
            )
        )

    def cuts(self) -> list[float]:
        """All cuts, when everything was seen."""
        if self._last is not None:
            self._keep(self._detector.post_process(self._last))
        return self._found

    def _keep(self, cuts: list[FrameTimecode]) -> None:
        self._found += [float(cut.seconds) for cut in cuts]
