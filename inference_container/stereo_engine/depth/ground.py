"""Signs of a ground in one picture: only then does low in the picture mean near.

What lies flat is seen at a grazing angle, so its texture is squeezed from above: brightness changes
faster down the picture than across it. Walls, and things that stand or float, show no such thing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import ranks

Grey = NDArray[np.uint8]
Map = NDArray[np.float32]

BANDS, OF_ONE_PART = 20, 9
"""Of the height; the upper nine are compared with the lower nine."""
SMALLEST_PX = 2 * BANDS
CALM_LEVEL = 1.0
"""Grey levels a pixel; smaller changes tell nothing."""
ABOVE = 2.0
"""How many times more the lower part must be squeezed than the upper: stripes are no ground."""
DOUBT, SURE = 0.12, 0.25
"""By how much more (log of the ratio of changes): no ground up to the first, ground for certain
from the second on."""
PRIOR_BEND = 2.0
"""Half way down is a quarter near: of a floor seen from above, most is far."""
NOWHERE = np.float32(0.5)
"""The depth of a picture that tells none."""


def ground_evidence(grey: Grey) -> float:
    """How sure it is that the lower part of uint8 [h, w] shows a ground: 0..1."""
    if min(grey.shape) < SMALLEST_PX:
        return 0.0
    soft = np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (5, 5), 0.8), np.float32)
    here = np.ascontiguousarray(soft[1:, 1::2])  # every other column is enough
    down = _usual(np.abs(here - soft[:-1, 1::2]))
    across = _usual(np.abs(here - soft[1:, :-1:2]))
    squeeze = np.log((down + CALM_LEVEL) / (across + CALM_LEVEL))
    upper, lower = (
        ranks(part, (0.5,))[0] for part in (squeeze[:OF_ONE_PART], squeeze[-OF_ONE_PART:])
    )
    sure = (lower - ABOVE * max(upper, 0.0) - DOUBT) / (SURE - DOUBT)
    return float(np.clip(sure, 0.0, 1.0))


def position_prior(shape: tuple[int, ...], evidence: float) -> Map:
    """Low in the picture is near as far as there is a ground: float32 [h, w] in 0..1."""
    ramp = np.linspace(0.0, 1.0, shape[0], dtype=np.float32) ** np.float32(PRIOR_BEND)
    depth = NOWHERE + np.float32(evidence) * (ramp - NOWHERE)
    return np.repeat(depth[:, None], shape[1], axis=1)


def _usual(changes: Map) -> Map:
    """The median change in each band [BANDS]: what most of it shows, whatever stands before it."""
    rows = changes.shape[0] // BANDS
    bands = changes[: rows * BANDS].reshape(BANDS, -1)
    middle = bands.shape[1] // 2
    return np.asarray(np.partition(bands, middle, axis=1)[:, middle], np.float32)
