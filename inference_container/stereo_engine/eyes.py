"""The makers of the second eye, one per tier: each sees every frame, and pairs the wanted ones."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.colour import FULL
from stereo_engine.comfort import ComfortReport
from stereo_engine.depth import DepthMap, work_size
from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.depth.flow import Grey
from stereo_engine.depth_files import DepthFolder, depth_maps
from stereo_engine.disparity import disparity_of, enlarged, strength_of
from stereo_engine.errors import EngineError
from stereo_engine.floating_window import frame_eyes, strips
from stereo_engine.job import Job
from stereo_engine.picture import Picture, blank, views
from stereo_engine.recipe import Mode, Recipe
from stereo_engine.registry import TIERS
from stereo_engine.settings import ModelSettings
from stereo_engine.splat import warp_planes
from stereo_engine.splat.fixed import Plane
from stereo_engine.weights import check_licence

Planes = tuple[Plane, Plane, Plane]
Source = Iterable[tuple[Picture, bool]]
"""Every picture of a film in order, each with whether its pair is wanted."""


@dataclass(frozen=True)
class Pair:
    """Two eyes that lie beside each other in one av frame."""

    frame: av.VideoFrame
    left: Picture
    right: Picture


class EyeMaker(Protocol):
    """Makes pairs out of pictures; state goes forward only."""

    def pairs(self, pictures: Source) -> Generator[Pair, None, None]:
        """The pairs of the wanted pictures in order; it may look ahead."""
        ...

    def report(self) -> dict[str, Any]:
        """Where the depth came from, and what it asks of a viewer."""
        ...


class StubEyes:
    """Twice the same picture; for trying out everything around the engine."""

    def pairs(self, pictures: Source) -> Generator[Pair, None, None]:
        """The wanted pictures, twice."""
        for picture, wanted in pictures:
            if wanted:
                pair = empty_pair(picture)
                for eye in (pair.left, pair.right):
                    _copy(picture.planes, eye.planes)
                yield pair

    def report(self) -> dict[str, Any]:
        """No depth at all."""
        return {"depth_source": "none", "depth_confidence": 0.0, "comfort": {}}


class ClassicEyes:
    """Depth from position and motion, one eye warped from the other."""

    depth_source = "motion_and_position"

    def __init__(self, recipe: Recipe, export: DepthFolder | None = None) -> None:
        self._recipe = recipe
        self._export = export
        self._comfort = ComfortReport()
        self._confidence_sum = 0.0

    def pairs(self, pictures: Source) -> Generator[Pair, None, None]:
        """The pairs of the wanted pictures; a depth comes a little later than its picture."""
        waiting: deque[tuple[Picture, bool]] = deque()

        def seen() -> Iterator[Picture]:
            for item in pictures:
                waiting.append(item)
                yield item[0]

        for depth in self._maps(seen()):
            picture, wanted = waiting.popleft()
            if wanted:
                yield self.pair(picture, depth)

    def _maps(self, pictures: Iterable[Picture]) -> Iterator[DepthMap]:
        """The depth of every picture in order."""
        return ClassicDepth().maps(map(working, pictures))

    def pair(self, picture: Picture, depth: DepthMap) -> Pair:
        """The source as one eye bit for bit, and the other one warped from it."""
        if self._export is not None:
            self._export.write(depth)
        disparity = self._disparity(picture, depth)
        pair = empty_pair(picture)
        left, right = self._sides(pair)
        if self._recipe.mode == Mode.RGBD:
            _copy(picture.planes, left)
            _paint_depth(depth, right)
            hidden = 0
        else:
            full = enlarged(disparity, picture.size)
            hidden = _make_eyes(picture.planes, full, left, right, self._recipe)
            self.frame(pair, depth)
        self._comfort.add(disparity, picture.size, cut=depth.cut, hidden=hidden)
        self._confidence_sum += depth.confidence
        return pair

    def frame(self, pair: Pair, depth: DepthMap) -> None:
        """Blacken the strips that bring the edge forward, where the recipe asks for them."""
        if self._recipe.floating_window:
            widths = strips(self._disparity(pair.left, depth))
            frame_eyes(*self._sides(pair), widths, pair.left.colour.range == FULL)

    def _disparity(self, picture: Picture, depth: DepthMap) -> NDArray[np.float32]:
        strength = strength_of(depth.confidence)
        return disparity_of(depth.depth, self._recipe, picture.size[0], strength)

    def _sides(self, pair: Pair) -> tuple[Planes, Planes]:
        """The planes of the left and of the right view; swapped, each lies on the other side."""
        sides = pair.left.planes, pair.right.planes
        return sides[::-1] if self._recipe.swap_eyes else sides

    def report(self) -> dict[str, Any]:
        """Motion and position, trusted as far as the picture moved."""
        return {
            "depth_source": self.depth_source,
            "depth_confidence": round(self._confidence_sum / max(self._comfort.frames, 1), 3),
            "comfort": self._comfort.summary(),
        }


class GivenEyes(ClassicEyes):
    """Depth that somebody else made, a map for every frame."""

    depth_source = "file"

    def __init__(
        self, recipe: Recipe, maps: Iterator[DepthMap], export: DepthFolder | None = None
    ) -> None:
        super().__init__(recipe, export)
        self._given = maps

    def _maps(self, pictures: Iterable[Picture]) -> Iterator[DepthMap]:
        for _ in pictures:
            depth = next(self._given, None)
            if depth is None:
                raise EngineError("bad_request", "there are fewer depth maps than frames")
            yield depth


def working(picture: Picture) -> Grey:
    """The luma of a picture at the size that depth is estimated at, uint8 [h, w]."""
    grey = picture.planes[0]
    if grey.dtype != np.uint8:
        grey = (grey >> 2).astype(np.uint8)
    small = cv2.resize(grey, work_size(*picture.size), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _make_eyes(
    source: Planes, disparity: NDArray[np.float32], left: Planes, right: Planes, recipe: Recipe
) -> int:
    """Write both eyes; returns how many luma pixels the source does not show."""
    warp = partial(warp_planes, fill=recipe.fill)
    if recipe.synth == "right":
        _copy(source, left)
        return warp(source, disparity, right)
    if recipe.synth == "left":
        _copy(source, right)
        return warp(_mirrored(source), disparity[:, ::-1], _mirrored(left))
    half = disparity * np.float32(0.5)
    hidden = warp(_mirrored(source), half[:, ::-1], _mirrored(left))
    return (hidden + warp(source, half, right)) // 2


def _paint_depth(depth: DepthMap, planes: Planes) -> None:
    """Near is white; no colour."""
    y, u, v = planes
    white = np.iinfo(y.dtype).max if y.dtype == np.uint8 else 1023
    large = cv2.resize(depth.depth, y.shape[::-1], interpolation=cv2.INTER_LINEAR)
    y[:] = (large * white + 0.5).astype(y.dtype)
    u[:] = v[:] = (white + 1) // 2


def _mirrored(planes: Planes) -> Planes:
    y, u, v = planes
    return y[:, ::-1], u[:, ::-1], v[:, ::-1]


def eye_maker(job: Job) -> EyeMaker:
    """The maker for what the job asks."""
    if job.recipe.tier == "stub":
        return StubEyes()
    export = DepthFolder(job.export_depth, job.first_shown) if job.export_depth else None
    if job.depth_from:
        return GivenEyes(job.recipe, depth_maps(job.depth_from, job.first_frame), export)
    if job.recipe.tier == "classic":
        return ClassicEyes(job.recipe, export)
    return eyes_of_models(job, export)


def eyes_of_models(job: Job, export: DepthFolder | None) -> EyeMaker:
    """The maker of a tier that needs models."""
    models = load_models(job.recipe.tier, job.accept_licence)
    from stereo_engine.model_eyes import FastEyes, QualityEyes

    if job.recipe.tier == "fast":
        return FastEyes(job.recipe, models, export)
    places = {"first_frame": job.first_frame, "first_shown": job.first_shown}
    return QualityEyes(job.recipe, models, export, **places)


def load_models(tier: str, accepted: frozenset[str]) -> Any:
    """The warm models of a tier, None where it needs none.

    Raises:
        EngineError: before anything is loaded where a licence is not accepted, else where
            packages or weights are missing.
    """
    settings = ModelSettings.from_environment()
    settings = replace(settings, accepted=settings.accepted | accepted)
    wanted = TIERS.get(tier, ())
    for model in wanted:
        check_licence(model, settings.accepted)
    if not wanted:
        return None
    try:
        from stereo_engine.warm import warm
    except ImportError as error:
        text = f"tier {tier} needs {error.name}: `make models` installs it"
        raise EngineError("weights_unavailable", text) from error
    return warm(tier, settings)


def empty_pair(like: Picture) -> Pair:
    """Two unwritten eyes of the size and colour of a picture."""
    width, height = like.size
    frame = like.colour.tag(blank(2 * width, height, like.planes[0].dtype.itemsize))
    whole = views(frame)
    left, right = (
        _three(plane[:, side * plane.shape[1] // 2 :][:, : plane.shape[1] // 2] for plane in whole)
        for side in (0, 1)
    )
    return Pair(frame, Picture(left, like.colour), Picture(right, like.colour))


def _three(planes: Any) -> Planes:
    y, u, v = planes
    return y, u, v


def _copy(source: Planes, target: Planes) -> None:
    for plane, view in zip(source, target, strict=True):
        view[:] = plane
