"""Depth to disparity: the only home of the sign convention.

disparity = x_left - x_right in px, positive in front of the screen:
px = max_disparity / 100 * width * (depth - convergence).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.recipe import Recipe

WEAK_DEPTH_STRENGTH = 0.4
"""Share of the asked strength that is left when the depth is a pure guess."""


def strength_of(confidence: float) -> float:
    """Less depth rather than wrong depth: 0.4 at no confidence, 1 from 0.6 on."""
    sure = min(max(confidence / 0.6, 0.0), 1.0)
    return WEAK_DEPTH_STRENGTH + (1.0 - WEAK_DEPTH_STRENGTH) * sure


def disparity_of(
    depth: NDArray[np.float32], recipe: Recipe, width: int, strength: float = 1.0
) -> NDArray[np.float32]:
    """Disparity in px at picture `width` for depth [H, W] in 0..1; never beyond the budget."""
    known = np.clip(np.where(np.isfinite(depth), depth, np.float32(0)), 0.0, 1.0)
    scale = recipe.max_disparity / 100.0 * width * strength
    return ((known - np.float32(recipe.convergence)) * np.float32(scale)).astype(np.float32)


def enlarged(disparity_px: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Disparity [h, w] in full-size px at full size [H, W]."""
    if disparity_px.shape == size[::-1]:
        return disparity_px
    large = cv2.resize(disparity_px, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)
