"""Where each pixel was one frame ago, and whether there was such a frame at all."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Map = NDArray[np.float32]

SMALLEST_PX = 24
"""Below this width or height there is nothing to track."""
CUT_LEVEL = 0.5
"""Share of the grey histogram that must change at once for a cut."""
CUT_DIFFERENCE = 18.0
"""Mean grey difference that a cut has at least."""


class BackwardFlow:
    """Dense optical flow from a frame to the one before it."""

    def __init__(self) -> None:
        if cv2.getNumThreads() != 1:
            cv2.setNumThreads(1)  # DIS splits its work by threads, and its answer with it
        self._dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setPatchStride(5)
        self._dis.setGradientDescentIterations(12)
        self._dis.setVariationalRefinementIterations(3)

    def between(self, now: Grey, before: Grey) -> Map:
        """float32 [h, w, 2]: what is at x in `now` was at x + flow in `before`."""
        return np.asarray(self._dis.calc(now, before, None), np.float32)


def is_cut(now: Grey, before: Grey) -> bool:
    """Whether two frames belong to different shots."""
    difference = float(cv2.mean(cv2.absdiff(now, before))[0])
    if difference < CUT_DIFFERENCE:
        return False
    shares = [_histogram(frame) for frame in (now, before)]
    return 0.5 * float(np.abs(shares[0] - shares[1]).sum()) > CUT_LEVEL or difference > 60.0


def carried(maps: list[Map], flow: Map) -> list[Map]:
    """Maps of the frame before, moved to where their content is now, to the nearest pixel."""
    height, width = flow.shape[:2]
    x = flow[:, :, 0] + np.arange(width, dtype=np.float32)
    y = flow[:, :, 1] + np.arange(height, dtype=np.float32)[:, None]
    moved: list[Map] = []
    for some in maps:
        sampled = cv2.remap(some, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        moved.append(sampled.astype(np.float32, copy=False))
    return moved


def _histogram(frame: Grey) -> NDArray[np.float64]:
    counts = np.bincount(frame.ravel() >> 4, minlength=16)
    return counts / frame.size
