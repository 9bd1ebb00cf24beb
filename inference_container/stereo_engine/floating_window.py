"""A frame that floats before the screen, so that near things at its edges are not cut by it.

What stands before the screen must not be cut by the picture's edge, for the edge seems to lie on
the screen, behind it. A black strip on the left of the left eye (on the right of the right eye)
brings that edge forward to where the thing is. It comes and goes as softly as the depth does.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stereo_engine.comfort import EDGE_COLUMNS
from stereo_engine.splat.fixed import Plane

BLACK, FULL_RANGE_BLACK, NO_COLOUR = 16, 0, 128


def strips(disparity_px: NDArray[np.float32]) -> tuple[int, int]:
    """Widths of the left eye's left strip and of the right eye's right one, even, in px.

    They are asked for by the frame's own disparity alone, float32 [h, w] in px of the full
    picture, so that segments of a film have the strips of the whole.
    """
    reach = max(1, round(disparity_px.shape[1] * EDGE_COLUMNS))
    edges = disparity_px[:, :reach], disparity_px[:, -reach:]
    left, right = (2 * round(max(0.0, float(edge.max())) / 2) for edge in edges)
    return left, right


def frame_eyes(
    left: Sequence[Plane], right: Sequence[Plane], widths: tuple[int, int], full_range: bool
) -> None:
    """Blacken the strips of both eyes, planar 4:2:0 of 8 or 10 bits, in place."""
    scale = 1 if left[0].dtype == np.uint8 else 4
    black = FULL_RANGE_BLACK if full_range else BLACK
    for plane, other, share, level in zip(
        left, right, (1, 2, 2), (black, NO_COLOUR, NO_COLOUR), strict=True
    ):
        plane[:, : widths[0] // share] = level * scale
        other[:, other.shape[1] - widths[1] // share :] = level * scale
