"""What the model painted goes into the holes and nowhere else."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.splat.fixed import Plane

GROW, BLUR = 3, 5
"""Side of the square that holes grow by, and of the blur that softens their rim, in px."""
MARGIN = GROW // 2 + BLUR // 2
"""Pixels farther than this from a hole are never touched."""
Share = NDArray[np.float32]


def share_of(hidden: NDArray[np.bool_]) -> Share:
    """How much of the model's picture is taken, float32 [H, W] in 0..1, from holes [H, W]."""
    grown = cv2.dilate(hidden.astype(np.float32), np.ones((GROW, GROW), np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (BLUR, BLUR), BLUR / 6), np.float32)


def colour_matched(painted: Share, warped: Share, hidden: NDArray[np.bool_]) -> Share:
    """Give the model's picture the colours of the warped one, as judged where both show the same.

    Args:
        painted: float32 [H, W, 3] RGB in 0..1.
        warped: float32 [H, W, 3] RGB in 0..1.
        hidden: bool [H, W], where `warped` shows nothing.

    Returns:
        float32 [H, W, 3] in 0..1: mean and spread of L, a and b moved onto those of `warped`.
    """
    shown = ~hidden
    if not shown.any():
        return painted
    ours, theirs = (cv2.cvtColor(some, cv2.COLOR_RGB2LAB) for some in (painted, warped))
    mean, spread = _moments(ours[shown])
    wanted_mean, wanted_spread = _moments(theirs[shown])
    gain = np.clip(wanted_spread / np.maximum(spread, 1e-3), 0.5, 2.0)
    moved = ((ours - mean) * gain + wanted_mean).astype(np.float32)
    return np.asarray(np.clip(cv2.cvtColor(moved, cv2.COLOR_LAB2RGB), 0.0, 1.0), np.float32)


def mixed(warped: Plane, painted: Plane, share: Share) -> Plane:
    """One plane [h, w] or [h, w, C]; exactly `warped` where `share` is zero."""
    if share.shape != warped.shape[:2]:
        size = (warped.shape[1], warped.shape[0])
        share = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_AREA), np.float32)
    weight = share if warped.ndim == 2 else share[:, :, None]
    blend = warped * (1.0 - weight) + painted * weight
    if np.issubdtype(warped.dtype, np.integer):
        blend = np.rint(blend)
    return np.where(weight > 0, blend, warped).astype(warped.dtype)


def _moments(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return values.mean(axis=0), values.std(axis=0)
