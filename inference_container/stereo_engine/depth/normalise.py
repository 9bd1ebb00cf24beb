"""Raw model depth to 0..1, the same at both sides of a segment's border.

A model's raw depth is only known up to a scale and a shift, and both differ between segments that
are worked out apart. The range is therefore taken over the last frames only: what a segment sees
as pre-roll is what the segment before ended with, and the percentiles of a scaled and shifted film
are the scaled and shifted percentiles, so both sides map the same depth to the same number.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

LOW_PCT, HIGH_PCT = 1.0, 99.0
FLAT = 1e-6
"""A range smaller than this, relative to the values, holds no depth."""


class RangeTracker:
    """Normalises frame by frame over the range of the last `memory` frames of a shot."""

    def __init__(self, memory: int) -> None:
        self._ranges: deque[tuple[float, float]] = deque(maxlen=memory)

    def step(self, raw: Map, *, cut: bool) -> Map:
        """Depth float32 [h, w] in 0..1, 1 = nearest, of raw depth that grows towards the viewer."""
        if cut:
            self._ranges.clear()
        known = np.nan_to_num(raw, nan=float(np.nanmin(raw)) if np.isfinite(raw).any() else 0.0)
        low, high = np.percentile(known[::2, ::2], (LOW_PCT, HIGH_PCT))
        self._ranges.append((float(low), float(high)))
        low, high = np.mean(self._ranges, axis=0)
        return scaled(known, float(low), float(high))


def scaled(raw: Map, low: float, high: float) -> Map:
    """The range `low`..`high` as 0..1, clipped; 0.5 where there is no range."""
    if high - low <= FLAT * max(abs(low), abs(high), FLAT):
        return np.full(raw.shape, 0.5, np.float32)
    within: Map = np.clip((raw - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return within


def over_clip(raw: Map) -> Map:
    """A whole clip by its least and greatest value, as the original does."""
    return scaled(raw, float(raw.min()), float(raw.max()))


def scale_and_shift(current: Map, reference: Map) -> tuple[float, float]:
    """The s and t for which s * current + t is nearest to `reference`; 1 and 0 where none is."""
    x, y = current.ravel().astype(np.float64), reference.ravel().astype(np.float64)
    spread = float(np.mean(x * x) - np.mean(x) ** 2)
    if spread <= FLAT**2:
        return 1.0, 0.0
    s = float((np.mean(x * y) - np.mean(x) * np.mean(y)) / spread)
    return s, float(np.mean(y) - s * np.mean(x))
