"""Depth maps by a model: its raw depth, the cuts, and the normaliser, put together."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import DepthMap, work_size
from stereo_engine.depth.flow import Grey, is_cut
from stereo_engine.depth.normalise import Map, RangeTracker

Rgb = NDArray[np.uint8]
"""uint8 [H, W, 3]."""


class Estimator(Protocol):
    """A depth model; the one method a new one needs."""

    def estimate(self, frames: Iterable[Rgb]) -> Iterator[Map]:
        """Raw depth float32 [h, w] of every frame in order, larger = nearer; any delay."""
        ...


class ModelDepth:
    """Depth that follows the range of the last frames, and starts anew at cuts."""

    def __init__(self, estimator: Estimator, *, memory: int) -> None:
        self._estimator = estimator
        self._range = RangeTracker(memory)
        self._before: Grey | None = None
        self._cuts: deque[bool] = deque()

    def maps(self, frames: Iterable[Rgb]) -> Iterator[DepthMap]:
        """The depth of every frame in order."""
        for raw in self._estimator.estimate(map(self._watched, frames)):
            cut = self._cuts.popleft()
            yield DepthMap(widened(self._range.step(raw, cut=cut)), 1.0, cut)

    def _watched(self, frame: Rgb) -> Rgb:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        size = work_size(frame.shape[1], frame.shape[0])
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._cuts.append(self._before is None or is_cut(small, self._before))
        self._before = small
        return frame


def widened(depth: Map) -> Map:
    """Near things grown by a pixel and softened, so that no rim of them stays behind."""
    grown = cv2.dilate(depth, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (5, 5), 0), np.float32)
