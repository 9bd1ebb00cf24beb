"""Parallax as a depth cue: what moves more against the camera's own motion is nearer."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import ranks

Map = NDArray[np.float32]
Points = NDArray[np.float64]

FULL_SPREAD_PX = 0.5
"""Spread of the parallax, at working size, from which the cue is fully trusted."""
STILL_PX = 0.12
"""Half of the picture moving less than this: the camera stands."""
MOVERS_TRUST = 0.32
"""With a standing camera, that what moves is near is a guess."""
AHEAD_RATIO = 0.06
"""How much the directions of motion must vary for a camera that travels ahead."""
AHEAD_COHERENCE = 0.6
"""Share of the motion that must lead away from one point; less is things moving about."""
TOGETHER = 0.7
"""Share of the motion that must go one way for a camera that travels sideways."""
AHEAD_TRUST = 0.6
"""Travelling ahead, things that move on their own cannot be told apart well."""
GRID = 6
CENTRE_SHARE = 0.12
"""Around the point that the camera travels to, parallax says nothing; share of the width."""


@dataclass(frozen=True)
class MotionCue:
    """Parallax float32 [h, w], larger is nearer, the range it spans, and how far to trust it."""

    parallax: Map
    low: float
    spread: float
    confidence: float


def motion_cue(flow: Map, prior: Map) -> MotionCue:
    """Read nearness out of the flow to the frame before; `prior` helps where that says nothing."""
    height, width = flow.shape[:2]
    field = -flow[GRID // 2 :: GRID, GRID // 2 :: GRID].reshape(-1, 2).astype(np.float64)
    places = _places(height, width)
    speed = np.hypot(field[:, 0], field[:, 1])
    if ranks(speed, (0.5,))[0] < STILL_PX and np.mean(speed > 3 * STILL_PX) < 0.5:
        return _movers(flow)
    epipole, variety = _epipole(field, places, speed, width)
    if variety > AHEAD_RATIO:
        if _coherence(field, places - epipole, speed) > AHEAD_COHERENCE:
            return _ahead(flow, epipole, prior)
        if np.hypot(*field.mean(axis=0)) < TOGETHER * speed.mean():
            return _movers(flow + _middle(field).astype(np.float32))
    parallax, trust = _sideways(flow, field, prior)
    cue = _cue(parallax)
    return replace(cue, confidence=trust * cue.confidence)


def _movers(flow: Map) -> MotionCue:
    speed = cv2.magnitude(flow[:, :, 0], flow[:, :, 1])
    moving = np.maximum(np.asarray(speed, np.float32) - np.float32(2 * STILL_PX), 0)
    parallax = cv2.blur(moving, (5, 5))
    spread = max(*ranks(parallax[::4, ::4], (0.98,)), 1.0)
    confidence = MOVERS_TRUST * min(1.0, float(np.max(parallax)))
    return MotionCue(np.asarray(np.minimum(parallax, spread), np.float32), 0.0, spread, confidence)


def _sideways(flow: Map, field: Points, prior: Map) -> tuple[Map, float]:
    """Parallax along the axis of motion, and how sure it is which of its ends is near."""
    drift = _middle(field)
    centred = field - drift
    axis = np.linalg.eigh(centred.T @ centred)[1][:, 1]
    sign, trust = float(np.sign(drift @ axis)), 1.0
    if abs(drift @ axis) <= STILL_PX:
        usual = prior[GRID // 2 :: GRID, GRID // 2 :: GRID].ravel()
        sign = float(np.sign((centred @ axis) @ (usual - usual.mean()))) or 1.0
        trust = float(np.ptp(usual))
    return np.asarray(-(flow @ (sign * axis).astype(np.float32)), np.float32), trust


def _ahead(flow: Map, epipole: Points, prior: Map) -> MotionCue:
    """Where motion does not lead away from the epipole, or all but stands there, the prior."""
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32) - np.float32(epipole[0])
    y = (np.arange(height, dtype=np.float32) - np.float32(epipole[1]))[:, None]
    outward = -(flow[:, :, 0] * x + flow[:, :, 1] * y)
    radius2 = x * x + y * y
    centre2 = np.float32((CENTRE_SHARE * width) ** 2)
    rate = outward / (radius2 + centre2)
    direction = np.float32(np.sign(ranks(rate[::GRID, ::GRID], (0.5,))[0]) or 1.0)
    cue = _cue(np.asarray(rate * direction * np.float32(width / 4), np.float32))
    along = outward * outward / (radius2 * np.sum(flow * flow, axis=2) + np.float32(1e-6))
    trust = along**2 * radius2 / (radius2 + centre2)
    usual = np.float32(cue.low) + prior * np.float32(cue.spread)
    parallax = np.asarray(cue.parallax * trust + usual * (1 - trust), np.float32)
    return replace(cue, parallax=parallax, confidence=AHEAD_TRUST * cue.confidence)


def _middle(field: Points) -> Points:
    """The median of either coordinate."""
    return np.array([ranks(along, (0.5,))[0] for along in field.T])


def _coherence(field: Points, arms: Points, speed: Points) -> float:
    """How much of the motion leads straight away from, or straight to, the epipole: 0..1."""
    reach = np.hypot(arms[:, 0], arms[:, 1]) * np.maximum(speed, 1e-6)
    straight = np.sum(field * arms, axis=1) / np.maximum(reach, 1e-6)
    return float(abs(np.average(straight, weights=np.minimum(speed, 1.0) + 1e-9)))


def _epipole(field: Points, places: Points, speed: Points, width: int) -> tuple[Points, float]:
    """Where the lines of motion meet, and how much their directions vary (0 parallel, 1 all)."""
    x, y = np.ascontiguousarray((field[:, ::-1] * (-1.0, 1.0) / np.maximum(speed, 1e-6)[:, None]).T)
    offset = x * places[:, 0] + y * places[:, 1]
    certain = np.minimum(speed, 1.0)
    weight = certain
    for _ in range(4):
        across, down, both = weight @ (x * x), weight @ (y * y), weight @ (x * y)
        scale = max(across * down - both * both, 1e-9 * (across + down) ** 2, 1e-12)
        first, second = weight @ (x * offset), weight @ (y * offset)
        epipole = np.array([down * first - both * second, across * second - both * first]) / scale
        miss = (offset - x * epipole[0] - y * epipole[1]) / (0.05 * width)
        weight = certain / (1.0 + miss * miss)
    half, apart = (across + down) / 2, np.hypot((across - down) / 2, both)
    return epipole, float((half - apart) / max(half + apart, 1e-9))


def _cue(parallax: Map) -> MotionCue:
    smooth = np.asarray(cv2.medianBlur(parallax, 5), np.float32)
    low, high = ranks(smooth[::3, ::3], (0.02, 0.98))
    spread = max(high - low, 1e-3)
    return MotionCue(smooth, low, spread, min(1.0, spread / FULL_SPREAD_PX))


def _places(height: int, width: int) -> Points:
    y, x = np.mgrid[GRID // 2 : height : GRID, GRID // 2 : width : GRID]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
