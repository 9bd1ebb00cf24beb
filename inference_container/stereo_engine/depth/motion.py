"""Parallax as a depth cue: what moves more against the rest of the picture is nearer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

FULL_SPREAD_PX = 0.5
"""Spread of the motion, at working size, from which the cue is fully trusted."""


@dataclass(frozen=True)
class MotionCue:
    """Nearness by parallax, float32 [h, w] in 0..1, and its confidence in 0..1."""

    nearness: Map
    confidence: float


def motion_cue(flow: Map, prior: Map) -> MotionCue:
    """Read nearness out of a flow field; `prior` settles the sign where motion cannot."""
    field = -flow.reshape(-1, 2)
    middle = np.median(field[::7], axis=0)
    centred = field - middle
    covariance = centred[::7].T @ centred[::7] / max(len(centred[::7]), 1)
    axis = np.linalg.eigh(covariance)[1][:, 1]
    along = (centred @ axis).astype(np.float32)
    drift = float(middle @ axis)
    sign = np.sign(drift) if abs(drift) > 0.3 else np.sign(along[::7] @ _centred(prior)[::7])
    low, high = np.percentile(along[::7] * (sign or 1.0), (2, 98))
    spread = float(high - low)
    nearness = np.clip((along * (sign or 1.0) - low) / max(spread, 1e-3), 0.0, 1.0)
    confidence = min(1.0, spread / FULL_SPREAD_PX)
    return MotionCue(nearness.reshape(flow.shape[:2]).astype(np.float32), confidence)


def _centred(some: Map) -> Map:
    flat = some.ravel()
    return np.asarray(flat - flat.mean(), np.float32)
