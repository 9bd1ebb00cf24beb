"""Find scenes in a whole film, or in the stretches of it that the planner asks about."""

from collections.abc import Callable

from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.pictures import Picture, seeing, watch
from stereo_spot.media.process import Head
from stereo_spot.media.scenes import LOOK_HEIGHT, SceneDetector
from stereo_spot.model import Frozen
from stereo_spot.ports import RangeReader


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
    check: Callable[[], None] = lambda: None,
) -> SceneList:
    """Look at the whole of `source`; a film without a cut is one scene.

    `check` is called at every frame; what it raises stops the work.
    """
    detector = SceneDetector()

    def see(picture: Picture) -> None:
        check()
        detector.see(picture)

    seen = watch(source, see, height=LOOK_HEIGHT, duration_s=duration_s, limits=limits)
    cuts = sorted({time for time in detector.cuts() if 0.0 < time < seen.end})
    return SceneList(starts=(0.0, *cuts), end=seen.end)


class Lookout:
    """Sees the stretches of a film that the guarded process shows, and answers for each."""

    def __init__(self) -> None:
        self._detector: SceneDetector | None = None

    def hear(self, head: Head, data: bytes) -> Head | None:
        """Take a picture, or tell the cuts in those since the last answer."""
        if head.get("say") == "cuts":
            found = self._detector.cuts() if self._detector else []
            self._detector = None
            return {"cuts": found}
        self._detector = self._detector or SceneDetector()
        seeing(self._detector.see)(head, data)
        return None
