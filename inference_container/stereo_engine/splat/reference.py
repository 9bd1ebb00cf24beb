"""The warp in NumPy: slower, needs nothing else, and the reference for every other backend."""

import numpy as np
from numpy.typing import NDArray

from stereo_engine.splat.fixed import (
    HALF,
    JOINED,
    RECIPROCAL_SHIFT,
    RECIPROCALS,
    SHIFT,
    STEP,
    Plane,
)

Ints = NDArray[np.int32]


def warp_planes(
    disparity: NDArray[np.int16],
    y: Plane,
    u: Plane,
    v: Plane,
    out_y: Plane,
    out_u: Plane,
    out_v: Plane,
) -> int:
    """Warp planar 4:2:0; chroma follows the even luma rows and columns. Returns the holes."""
    columns = land(disparity.astype(np.int32))
    holes = int(np.count_nonzero(columns < 0))
    fill(columns)
    out_y[:] = sample(y, columns)
    halved = columns[::2, ::2] >> 1
    out_u[:] = sample(u, halved)
    out_v[:] = sample(v, halved)
    return holes


def warp_picture(disparity: Ints, picture: Plane, out: Plane, hidden: NDArray[np.uint8]) -> None:
    """Warp an interleaved picture [H, W, C] and mark in `hidden` [H, W] what it did not show."""
    columns = land(disparity)
    hidden[:] = columns < 0
    fill(columns)
    for channel in range(picture.shape[2]):
        out[:, :, channel] = sample(picture[:, :, channel], columns)


def land(disparity: Ints) -> Ints:
    """The source column in 1/64 px that each target pixel shows; -1 in holes. Both [H, W]."""
    height, width = disparity.shape
    column = np.broadcast_to(np.arange(width, dtype=np.int32) << SHIFT, disparity.shape)
    place = column - disparity
    gap = np.zeros_like(place)
    gap[:, :-1] = place[:, 1:] - place[:, :-1]
    gap[(gap <= 0) | (gap >= JOINED)] = 0
    end = place + np.where(gap > 0, gap >> 1, HALF)
    gap_left = np.zeros_like(gap)
    gap_left[:, 1:] = gap[:, :-1]
    start = place - HALF
    start[:, 1:] = np.where(gap[:, :-1] > 0, end[:, :-1], start[:, 1:])
    shown = np.full(height * width, -1, np.int32)
    first, last = (start >> SHIFT) + 1, end >> SHIFT
    for target in (first, first + 1):
        inside = (target <= last) & (target >= 0) & (target < width)
        value = _source(column, (target << SHIFT) - place, gap, gap_left)[inside]
        index = (target + np.arange(height, dtype=np.int32)[:, None] * width)[inside]
        layer = np.full(height * width, -1, np.int32)
        layer[index] = value  # of several in one place the last, nearest one stays
        owner = np.maximum(shown, layer)
        shown = owner
    return shown.reshape(height, width)


def _source(column: Ints, beyond: Ints, gap: Ints, gap_left: Ints) -> Ints:
    right = (np.maximum(beyond, 0) * RECIPROCALS[gap]) >> RECIPROCAL_SHIFT
    left = ((np.minimum(beyond, 0) + gap_left) * RECIPROCALS[gap_left]) >> RECIPROCAL_SHIFT
    back = np.where((beyond < 0) & (gap_left > 0), left - STEP, 0)
    return np.where(beyond > 0, column + right, column + back)


def fill(columns: Ints) -> None:
    """Let every hole show what its right, far side shows; at the right border, the left one."""
    width = columns.shape[1]
    index = np.arange(width, dtype=np.int32)
    known = columns >= 0
    right = np.where(known, index, width)[:, ::-1]
    right = np.minimum.accumulate(right, axis=1)[:, ::-1]
    left = np.maximum.accumulate(np.where(known, index, -1), axis=1)
    nearest = np.where(right < width, right, left)
    filled = np.take_along_axis(columns, np.maximum(nearest, 0), axis=1)
    columns[:] = np.where(nearest < 0, (width - 1) << SHIFT, filled)


def sample(source: Plane, columns: Ints) -> NDArray[np.int32]:
    """Linear interpolation along rows at `columns` [H, W] in 1/64 px."""
    index = columns >> SHIFT
    part = columns & (STEP - 1)
    here = np.take_along_axis(source, index, axis=1).astype(np.int32)
    beside = np.minimum(index + 1, source.shape[1] - 1)
    there = np.take_along_axis(source, beside, axis=1).astype(np.int32)
    return (here * (STEP - part) + there * part + HALF) >> SHIFT
