"""Where scenes begin: the one detector, for the analyzer's rows and the planner's borders.

PySceneDetect's adaptive detector compares the change of colour and light at a frame with the usual
change around it, so a pan or a fade is no cut. Whoever uses it shows it pictures that the guarded
process decoded; nothing here opens anything.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stereo_spot.errors import ErrorKind, SourceError

if TYPE_CHECKING:
    from scenedetect.common import FrameTimecode

    from stereo_spot.media.pictures import Picture

LOOK_HEIGHT = 144
"""How high the pictures are at the most; finer detail tells no more of a cut."""
SHORTEST_S = 0.5
"""A scene is not shorter than this."""
AROUND = 2
"""Frames before and after a cut that the detector compares it with."""
_TICKS = 90_000
_RATE = Fraction(30)
"""The detector wants a rate, and with times does not use it."""


class SceneDetector:
    """Sees pictures in the order shown; its imports are slow, so they wait until one is made."""

    def __init__(self) -> None:
        import numpy
        from scenedetect.common import FrameTimecode, Timecode
        from scenedetect.detectors import AdaptiveDetector

        self._numpy, self._timecode, self._ticks = numpy, FrameTimecode, Timecode
        self._detector = AdaptiveDetector(min_scene_len=SHORTEST_S, window_width=AROUND)
        self._found: list[float] = []
        self._last: FrameTimecode | None = None
        self._shape: tuple[int, int, int] | None = None

    def see(self, picture: Picture) -> None:
        """The next frame.

        Raises:
            SourceError: `source_size_changes`.
        """
        shape = (picture.height, picture.width, 3)
        if self._shape not in (None, shape):
            said = "the picture size changes within the film"
            raise SourceError(ErrorKind.SOURCE_SIZE_CHANGES, said)
        self._shape = shape
        pixels = self._numpy.frombuffer(picture.pixels, self._numpy.uint8)
        ticks = self._ticks(pts=round(picture.time * _TICKS), time_base=Fraction(1, _TICKS))
        self._last = self._timecode(timecode=ticks, fps=_RATE)
        self._keep(self._detector.process_frame(self._last, pixels.reshape(shape)))

    def cuts(self) -> list[float]:
        """The times of all cuts, when everything was seen; to the 90,000th of a second."""
        if self._last is not None:
            self._keep(self._detector.post_process(self._last))
        return self._found

    def _keep(self, cuts: list[FrameTimecode]) -> None:
        self._found += [float(cut.seconds) for cut in cuts]
