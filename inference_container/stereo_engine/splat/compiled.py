"""The warp in numba: one pass a row, nothing but integers, the interpreter lock released."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from stereo_engine.splat.fixed import HALF, JOINED, RECIPROCAL_SHIFT, RECIPROCALS, SHIFT, STEP

F = TypeVar("F", bound=Callable[..., Any])
Rows = Any
"""An array argument of a kernel; shapes and types stand in `reference` and in the package."""


def _kernel(function: F) -> F:
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@_kernel
def _land(disparity: Rows, columns: Rows) -> None:
    """Write into `columns` int32 [W] the source column, in 1/64 px, that each target shows."""
    width = disparity.shape[0]
    columns[:] = -1
    place = np.int32(-disparity[0])
    start = place - HALF
    gap_left = np.int32(0)
    for x in range(width):
        gap = np.int32(0)
        if x + 1 < width:
            gap = np.int32(STEP + disparity[x] - disparity[x + 1])
        joined = 0 < gap < JOINED
        end = place + (gap >> 1) if joined else place + HALF
        column = np.int32(x << SHIFT)
        first, last = max(int(start >> SHIFT) + 1, 0), min(int(end >> SHIFT), width - 1)
        for target in range(first, last + 1):
            beyond = np.int32((target << SHIFT) - place)
            if beyond > 0 and joined:
                columns[target] = column + ((beyond * RECIPROCALS[gap]) >> RECIPROCAL_SHIFT)
            elif beyond < 0 < gap_left:
                inside = (beyond + gap_left) * RECIPROCALS[gap_left]
                columns[target] = column - STEP + (inside >> RECIPROCAL_SHIFT)
            else:
                columns[target] = column
        place += gap
        start = end if joined else place - HALF
        gap_left = gap if joined else np.int32(0)


@_kernel
def _fill(columns: Rows) -> int:
    """Let every hole show what its right, far side shows; count the holes."""
    width = columns.shape[0]
    holes = 0
    far = np.int32(-1)
    for target in range(width - 1, -1, -1):
        if columns[target] < 0:
            holes += 1
            columns[target] = far
        else:
            far = columns[target]
    border = np.int32((width - 1) << SHIFT)
    for target in range(width):
        if columns[target] < 0:
            columns[target] = border
        border = columns[target]
    return holes


@_kernel
def _sample(source: Rows, columns: Rows, out: Rows) -> None:
    last = source.shape[0] - 1
    for target in range(out.shape[0]):
        column = columns[target]
        index = column >> SHIFT
        part = column & (STEP - 1)
        here = np.int32(source[index])
        there = np.int32(source[min(index + 1, last)])
        out[target] = (here * (STEP - part) + there * part + HALF) >> SHIFT


@_kernel
def _sample_chroma(source: Rows, columns: Rows, out: Rows) -> None:
    last = source.shape[0] - 1
    for target in range(out.shape[0]):
        column = columns[2 * target] >> 1
        index = column >> SHIFT
        part = column & (STEP - 1)
        here = np.int32(source[index])
        there = np.int32(source[min(index + 1, last)])
        out[target] = (here * (STEP - part) + there * part + HALF) >> SHIFT


@_kernel
def warp_planes(
    disparity: Rows, y: Rows, u: Rows, v: Rows, out_y: Rows, out_u: Rows, out_v: Rows
) -> int:
    """See `reference.warp_planes`."""
    columns = np.empty(disparity.shape[1], np.int32)
    holes = 0
    for row in range(disparity.shape[0]):
        _land(disparity[row], columns)
        holes += _fill(columns)
        _sample(y[row], columns, out_y[row])
        if row % 2 == 0:
            _sample_chroma(u[row // 2], columns, out_u[row // 2])
            _sample_chroma(v[row // 2], columns, out_v[row // 2])
    return holes


@_kernel
def warp_picture(disparity: Rows, picture: Rows, out: Rows, hidden: Rows) -> None:
    """See `reference.warp_picture`."""
    columns = np.empty(disparity.shape[1], np.int32)
    for row in range(disparity.shape[0]):
        _land(disparity[row], columns)
        for target in range(columns.shape[0]):
            hidden[row, target] = columns[target] < 0
        _fill(columns)
        for channel in range(picture.shape[2]):
            _sample(picture[row, :, channel], columns, out[row, :, channel])
