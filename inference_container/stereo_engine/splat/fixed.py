"""Disparity as integers, 64 steps a pixel: one rounding rule for every backend."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]
"""uint8 or uint16 samples."""

SHIFT = 6
STEP = 1 << SHIFT
HALF = STEP // 2
JOINED = 2 * STEP
"""Neighbours that land closer than this, in order, are one surface; a wider gap is a hole."""
RECIPROCAL_SHIFT = 16
RECIPROCALS = np.array(
    [0, *(-(-(STEP << RECIPROCAL_SHIFT) // gap) for gap in range(1, JOINED))], np.int32
)
"""ceil(64 * 65536 / gap): turns the division of the inner loop into a multiplication."""


def fixed_disparity(disparity_px: NDArray[np.float32]) -> tuple[NDArray[np.int32], int]:
    """Disparity in 1/64 px, floor(64 d + 1/2), and how many values were not finite.

    Values that are not finite become the farthest finite one; none may exceed the picture width.
    """
    finite = np.isfinite(disparity_px)
    bad = finite.size - int(np.count_nonzero(finite))
    if bad:
        far = disparity_px[finite].min() if bad < finite.size else np.float32(0)
        disparity_px = np.where(finite, disparity_px, far)
    width = np.float32(disparity_px.shape[1])
    limited = np.clip(disparity_px, -width, width).astype(np.float32, copy=False)
    return np.floor(limited * np.float32(STEP) + np.float32(0.5)).astype(np.int32), bad
