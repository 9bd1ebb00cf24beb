"""Depth of every frame: float32 [H, W] in 0..1, 1 = nearest, and how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORK_WIDTH = 320
"""Depth is estimated on pictures at most this wide."""


@dataclass(frozen=True)
class DepthMap:
    """The depth of one frame, as small as it was worked out."""

    depth: NDArray[np.float32]
    """float32 [h, w] in 0..1, 1 = nearest."""
    confidence: float
    """0 is a guess from position alone, 1 is parallax everywhere."""
    cut: bool
    """Whether a new shot starts here."""


def work_size(width: int, height: int) -> tuple[int, int]:
    """The size to estimate depth at."""
    small = min(WORK_WIDTH, width)
    return small, max(1, round(height * small / width))


def ranks(values: NDArray[Any], shares: Sequence[float]) -> list[float]:
    """The values below which these shares of all lie, in the order given; no interpolation."""
    flat = values.ravel()
    places = [round(share * (flat.size - 1)) for share in shares]
    ordered = np.partition(flat, sorted(set(places)))
    return [float(ordered[place]) for place in places]
