"""Stage 4: one picture for each scene, hashed, without repetitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stereo_spot.analysis.choice import spread
from stereo_spot.analysis.phash import colours, distance, phash, same_colours
from stereo_spot.analysis.records import Frame, Scene, frame_id, frame_key
from stereo_spot.analysis.stages import Analyzer, Stage, Work, counted
from stereo_spot.media import pictures

CANDIDATES = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Where in a scene the sharpest picture is looked for."""
JPEG_QUALITY = 90


def _run(work: Work) -> str:
    scenes = work.contents().scenes
    options = work.analyzer.options
    chosen = [scenes[i] for i in spread(len(scenes), options.max_frames)]
    places = CANDIDATES if options.best_frame else (0.5,)
    times = [s.t_start + p * (s.t_end - s.t_start) for s in chosen for p in places]
    collector = _Collector(work, chosen, len(places))
    with work.film() as film:
        pictures.pick(film, times, collector.see, limits=work.analyzer.limits)
    frames = collector.finish()
    work.analyzer.rows.replace(work.video_id, Frame, frames)
    work.analyzer.files.keep_only(f"frames/{work.video_id}/", [frame.path for frame in frames])
    repeated = len(chosen) - len(frames)
    return counted(len(frames), "frame") + (f", {repeated} seen before" if repeated else "")


@dataclass
class _Candidate:
    scene: int
    sharpness: float
    time: float
    pixels: Any


class _Collector:
    """Takes the pictures as they come, keeps the sharpest of each scene, stores what is new."""

    def __init__(self, work: Work, scenes: Sequence[Scene], per_scene: int) -> None:
        self._work, self._scenes, self._per_scene = work, scenes, per_scene
        self._best: _Candidate | None = None
        self._frames: list[Frame] = []
        self._colours: list[Any] = []

    def see(self, picture: pictures.Picture) -> None:
        """One more picture."""
        import numpy

        pixels = numpy.frombuffer(picture.pixels, numpy.uint8)
        pixels = pixels.reshape(picture.height, picture.width, 3)
        scene = picture.number // self._per_scene
        sharp = _sharpness(pixels) if self._per_scene > 1 else 0.0
        if self._best is not None and self._best.scene != scene:
            self._settle(self._best)
            self._best = None
        if self._best is None or sharp > self._best.sharpness:
            self._best = _Candidate(scene, sharp, picture.time, pixels)

    def finish(self) -> list[Frame]:
        """The frames that were kept, when all pictures have come."""
        if self._best is not None:
            self._settle(self._best)
        return self._frames

    def _settle(self, best: _Candidate) -> None:
        self._work.check()
        found, colour = phash(best.pixels), colours(best.pixels)
        ends = (0, len(self._scenes) - 1)  # the first and the last scene are always shown
        if best.scene not in ends and self._seen_before(found, colour):
            return
        self._colours.append(colour)
        scene, video = self._scenes[best.scene], self._work.video_id
        key = frame_key(video, scene.idx)
        self._work.analyzer.files.put(key, _jpeg(best.pixels))
        self._frames.append(
            Frame(
                id=frame_id(video, scene.idx),
                scene_id=scene.id,
                t_frame=best.time,
                path=key,
                phash=found,
            )
        )

    def _seen_before(self, found: str, colour: Any) -> bool:
        limit = self._work.analyzer.options.same_picture_bits
        return any(
            distance(found, frame.phash) <= limit and same_colours(colour, known)
            for frame, known in zip(self._frames, self._colours, strict=True)
        )


def _sharpness(pixels: Any) -> float:
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _jpeg(pixels: Any) -> bytes:
    import cv2

    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(data)


def _settings(analyzer: Analyzer) -> dict[str, Any]:
    options = analyzer.options
    return {
        "max": options.max_frames,
        "best": options.best_frame,
        "bits": options.same_picture_bits,
    }


STAGE = Stage("frames", 2, ("normalize", "scenes"), _settings, _run)
