"""Depth to disparity: the only home of the sign convention.

disparity = x_left - x_right in px, positive in front of the screen:
px = max_disparity / 100 * width * (depth - convergence).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.recipe import Recipe
from stereo_engine.splat.fixed import STEP

LIMIT = np.iinfo(np.int16).max
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
    known = np.clip(np.nan_to_num(depth, nan=0.0, posinf=0.0, neginf=0.0), 0.0, 1.0)
    scale = recipe.max_disparity / 100.0 * width * strength
    return ((known - np.float32(recipe.convergence)) * np.float32(scale)).astype(np.float32)


def enlarged(disparity_px: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.int16]:
    """Full-size disparity in 1/64 px, int16 [H, W], from a smaller map in full-size px."""
    steps: NDArray[np.int16] = np.clip(np.floor(disparity_px * STEP + 0.5), -LIMIT, LIMIT).astype(
        np.int16
    )
    if steps.shape == size[::-1]:
        return steps
    large = cv2.resize(steps, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.int16)
