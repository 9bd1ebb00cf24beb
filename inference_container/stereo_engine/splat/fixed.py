"""Disparity as integers, 256 steps a pixel: one rounding rule for every backend."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]
"""uint8 or uint16 samples."""

SHIFT = 8
STEP = 1 << SHIFT
HALF = STEP // 2
JOINED = 2 * STEP
"""Neighbours that land closer than this, in order, are one surface; a wider gap is a hole."""
RECIPROCAL_SHIFT = 14
RECIPROCALS = np.array(
    [0, *(-(-(STEP << RECIPROCAL_SHIFT) // gap) for gap in range(1, JOINED))], np.int32
)
"""ceil(256 * 2^14 / gap): turns the division of the inner loop into a multiplication."""


def finite_disparity(disparity_px: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Disparity without NaN and infinity, and how many there were.

    They become the farthest finite value; none may exceed the picture width.
    """
    width = np.float32(disparity_px.shape[1])
    low, high = disparity_px.min(), disparity_px.max()
    if -width <= low and high <= width:  # false for NaN
        return disparity_px.astype(np.float32, copy=False), 0
    finite = np.isfinite(disparity_px)
    bad = finite.size - int(np.count_nonzero(finite))
    if bad:
        far = disparity_px[finite].min() if bad < finite.size else np.float32(0)
        disparity_px = np.where(finite, disparity_px, far)
    return np.clip(disparity_px, -width, width).astype(np.float32, copy=False), bad


BLEND_ROWS = (1, 2, 3, 4, 3, 2, 1)
"""Weights of the rows above, of a hole's own row, and of those below, where `fill` is `blend`."""
OTHER_LAYER = np.int32(-(1 << 30))
"""The layer of what shows two surfaces at once: none that anything else could be on."""
