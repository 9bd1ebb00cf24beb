"""Depth without a model: position in the picture and parallax, with honest confidence.

The depth of frame t is a function of frames t-8 .. t alone (fewer after a cut), so that a film cut
into segments, each with eight frames of pre-roll, gets the same depth as the whole. Only the first
frame of a shot also looks at the second: without its motion the depth would jump a frame later.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import DepthMap, work_size
from stereo_engine.depth.flow import SMALLEST_PX, BackwardFlow, Grey, carried, is_cut
from stereo_engine.depth.ground import ground_evidence, position_prior
from stereo_engine.depth.motion import Map, MotionCue, motion_cue

MOTION_WEIGHTS = (0.28, 0.24, 0.20, 0.16, 0.12)
"""Of the motion cues of this frame and those before it, carried along the flow."""
DEPTH_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
"""Of the depths of this frame and those before it, carried along the flow."""
PRIOR_TRUST = 0.05
"""Weight of a depth from position alone among those that motion has told."""
GROUND_TRUST = 0.3
"""Confidence in a depth from position alone where there is a ground for certain."""
THINNER = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
"""Optical flow makes near things this much fatter; what is behind them would bend with them."""
GUIDE_PX, GUIDE_SOFTNESS, GUIDE_SHARE = 9, 1e-3, 0.6
"""Window at half size, contrast below which nothing is drawn, share of the edge-drawn depth."""
MOTION_SHARE = 0.92
"""Weight of a fully confident motion cue against the still ones."""


class ClassicDepth:
    """Depth from position and motion; feed it the frames of one film in order."""

    def __init__(self) -> None:
        self._flow = BackwardFlow()
        self._before: Grey | None = None
        self._motions: list[MotionCue] = []
        self._depths: list[Map] = []
        self._confidences: list[float] = []
        self._grounds: list[float] = []

    def estimate(self, frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Depth of each RGB frame uint8 [H, W, 3] as float32 [H, W] in 0..1, 1 = nearest.

        A depth comes a frame later than its frame.
        """
        sizes: deque[tuple[int, int]] = deque()

        def seen() -> Iterator[Grey]:
            for frame in frames:
                height, width = frame.shape[:2]
                sizes.append((width, height))
                grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
                small = cv2.resize(grey, work_size(width, height), interpolation=cv2.INTER_AREA)
                yield small.astype(np.uint8, copy=False)

        for found in self.maps(seen()):
            yield cv2.resize(found.depth, sizes.popleft()).astype(np.float32, copy=False)

    def maps(self, greys: Iterable[Grey]) -> Iterator[DepthMap]:
        """Depth of each frame, given as uint8 [h, w] of `work_size`; a frame later than it."""
        now: Grey | None = None
        for after in chain(greys, (None,)):
            if now is not None:
                yield self._step(now, after)
            now = after

    def _step(self, grey: Grey, after: Grey | None) -> DepthMap:
        cut = self._before is None or is_cut(grey, self._before)
        if cut:
            self._motions, self._depths, self._confidences, self._grounds = [], [], [], []
        self._grounds = [ground_evidence(grey), *self._grounds][: len(MOTION_WEIGHTS)]
        ground = float(np.mean(self._grounds))
        prior = position_prior(grey.shape, ground)
        if min(grey.shape) >= SMALLEST_PX:
            if self._before is not None and not cut:
                self._follow(self._flow.between(grey, self._before), prior)
            elif after is not None and not is_cut(after, grey):
                self._motions = [motion_cue(-self._flow.between(grey, after), prior)]
        self._before = grey
        depth, sure = self._smoothed(self._mixed(prior))
        sure += (1.0 - sure) * GROUND_TRUST * ground
        return DepthMap(along_edges(depth, grey), sure, cut)

    def _smoothed(self, depth: Map) -> tuple[Map, float]:
        """What this depth and those before it say together, and how far motion vouches for it."""
        self._depths = [depth, *self._depths][: len(DEPTH_WEIGHTS)]
        sure = min(1.0, sum(self._trusts()))
        self._confidences = [sure, *self._confidences][: len(DEPTH_WEIGHTS)]
        recent = DEPTH_WEIGHTS[: len(self._confidences)]
        trusts = np.multiply(recent, np.add(self._confidences, PRIOR_TRUST))
        thinned = cv2.erode(_weighted(self._depths, trusts), THINNER)
        moved = float(np.average(self._confidences, weights=recent))
        return np.asarray(thinned, np.float32), moved

    def _follow(self, flow: Map, prior: Map) -> None:
        past = self._motions[: len(MOTION_WEIGHTS) - 1]
        depths = self._depths[: len(DEPTH_WEIGHTS) - 1]
        moved = carried([cue.parallax for cue in past] + depths, flow)
        kept = [replace(cue, parallax=some) for cue, some in zip(past, moved, strict=False)]
        self._motions = [motion_cue(flow, prior), *kept]
        self._depths = moved[len(past) :]

    def _trusts(self) -> list[float]:
        """Weight of each motion cue; their sum is the confidence."""
        weights = np.array(MOTION_WEIGHTS[: len(self._motions)])
        weights = weights / max(float(weights.sum()), MOTION_WEIGHTS[-1])
        return [float(w * cue.confidence) for w, cue in zip(weights, self._motions, strict=True)]

    def _mixed(self, prior: Map) -> Map:
        trusts = self._trusts()
        sure = sum(trusts)
        if sure <= 0.0:
            return prior
        spread = sum(trust * cue.spread for trust, cue in zip(trusts, self._motions, strict=True))
        lowest = sum(trust * cue.low for trust, cue in zip(trusts, self._motions, strict=True))
        nearness = np.full_like(prior, -lowest / spread)
        for trust, cue in zip(trusts, self._motions, strict=True):
            nearness += cue.parallax * np.float32(trust / spread)
        share = np.float32(MOTION_SHARE * sure)
        return prior * (1 - share) + np.clip(nearness, 0.0, 1.0) * share


def along_edges(depth: Map, grey: Grey) -> Map:
    """Depth drawn towards the edges of the picture: a mild guided filter (He, Sun, Tang 2010).

    Its coefficients are smooth, and worked out at half the size.
    """
    guide = np.asarray(grey, np.float32) / np.float32(255.0)
    size = (grey.shape[1], grey.shape[0])
    half = ((size[0] + 1) // 2, (size[1] + 1) // 2)

    def mean(some: Map) -> Map:
        return np.asarray(cv2.blur(some, (GUIDE_PX, GUIDE_PX)), np.float32)

    def large(some: Map) -> Map:
        return np.asarray(cv2.resize(some, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def small(some: Map) -> Map:
        return np.asarray(cv2.resize(some, half, interpolation=cv2.INTER_AREA), np.float32)

    seen, near = small(guide), small(depth)
    middle, level = mean(seen), mean(near)
    spread = mean(seen * seen) - middle * middle + np.float32(GUIDE_SOFTNESS)
    slope = np.asarray((mean(seen * near) - middle * level) / spread, np.float32)
    drawn = large(mean(slope)) * guide + large(mean(level - slope * middle))
    share = np.float32(GUIDE_SHARE)
    return np.asarray(np.clip(drawn * share + depth * (1 - share), 0.0, 1.0), np.float32)


def _weighted(maps: list[Map], weights: NDArray[np.float64]) -> Map:
    used = weights.astype(np.float32)
    total = np.zeros_like(maps[0])
    for some, weight in zip(maps, used / used.sum(), strict=True):
        total += some * weight
    return total
