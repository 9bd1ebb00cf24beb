"""The warp in numba: one pass a row, nothing but integers, the interpreter lock released."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from stereo_engine.splat.fixed import (
    BLEND_ROWS,
    HALF,
    JOINED,
    OTHER_LAYER,
    RECIPROCAL_SHIFT,
    RECIPROCALS,
    SHIFT,
    STEP,
)

F = TypeVar("F", bound=Callable[..., Any])
Rows = Any
"""An array argument of a kernel; shapes and types stand in `reference` and in the package."""


def _kernel(function: F) -> F:
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@_kernel
def _place(disparity: Rows, place: Rows, gap: Rows) -> None:
    """Where each source pixel lands, and how far the next one of its surface is from it."""
    width = disparity.shape[0]
    for x in range(width):
        steps = np.floor(disparity[x] * np.float32(STEP) + np.float32(0.5))
        place[x] = np.int32(x << SHIFT) - np.int32(steps)
    for x in range(width - 1):
        between = place[x + 1] - place[x]
        gap[x] = between if 0 < between < JOINED else 0
    gap[width - 1] = 0


@_kernel
def _column(column: Any, beyond: Any, gap: Any, gap_left: Any) -> Any:
    """The source column seen `beyond` the place of a pixel; a gap of 0 leads nowhere."""
    if beyond > 0 and gap > 0:
        return column + ((beyond * RECIPROCALS[np.uintp(gap)]) >> RECIPROCAL_SHIFT)
    if beyond < 0 < gap_left:
        inside = (beyond + gap_left) * RECIPROCALS[np.uintp(gap_left)]
        return column + (inside >> RECIPROCAL_SHIFT) - STEP
    return column


@_kernel
def _land(disparity: Rows, rows: Rows) -> None:
    """Write what each target shows into the first three of `rows`: see `reference.land`."""
    width = disparity.shape[0]
    top, under, cover, place, gaps = rows[0], rows[1], rows[2], rows[3], rows[4]
    _place(disparity, place, gaps)
    top[:] = -1
    cover[:] = STEP
    gap_left = np.int32(0)
    end = np.int32(0)
    for x in range(width):
        here, gap = place[x], gaps[x]
        start = end if gap_left > 0 else here - HALF
        end = here + (gap >> 1 if gap > 0 else HALF)
        column = np.int32(x << SHIFT)
        if gap > 0 and gap_left > 0:
            first, last = max((start >> SHIFT) + 1, 0), min(end >> SHIFT, width - 1)
            for target in range(first, last + 1):
                beyond = np.int32(target << SHIFT) - here
                top[np.uintp(target)] = _column(column, beyond, gap, gap_left)
                cover[np.uintp(target)] = STEP
        else:
            _land_border(top, under, cover, x, here, start, end, gap, gap_left)
        gap_left = gap


@_kernel
def _land_border(
    top: Rows,
    under: Rows,
    cover: Rows,
    x: int,
    place: Any,
    start: Any,
    end: Any,
    gap: Any,
    gap_left: Any,
) -> None:
    """Land a pixel where its surface ends: it may cover its first and last target in part."""
    width = top.shape[0]
    open_left = gap_left == 0 and x > 0
    open_right = gap == 0 and x + 1 < width
    first = (start + HALF) >> SHIFT if open_left else (start >> SHIFT) + 1
    last = (end + HALF - 1) >> SHIFT if open_right else end >> SHIFT
    for target in range(max(first, 0), min(last, width - 1) + 1):
        middle = np.int32(target << SHIFT)
        before = start - middle + HALF if open_left else 0
        after = middle + HALF - end if open_right else 0
        under[target] = top[target]
        top[target] = _column(np.int32(x << SHIFT), middle - place, gap, gap_left)
        cover[target] = STEP - max(0, before) - max(0, after)


@_kernel
def _fill(top: Rows, under: Rows, cover: Rows, mixed: Rows) -> tuple[int, int]:
    """Continue the right, far side into holes; list the mixed targets. Returns both counts."""
    width = top.shape[0]
    holes = mixes = 0
    far = np.int32(-1)
    for target in range(width - 1, -1, -1):
        if top[target] < 0:
            holes += 1
            top[target] = far
        elif cover[target] == STEP:
            far = top[target]
        else:
            if under[target] < 0:
                holes += cover[target] < HALF
                under[target] = far if far >= 0 else top[target]
            mixed[mixes] = target
            mixes += 1
    border = np.int32((width - 1) << SHIFT)
    for target in range(width):
        if top[target] < 0:
            top[target] = border
        border = top[target]
    return holes, mixes


@_kernel
def _at(source: Rows, column: Any) -> Any:
    index = column >> SHIFT
    part = np.int32(column & (STEP - 1))
    beside = min(index + 1, source.shape[0] - 1)
    here, there = np.int32(source[np.uintp(index)]), np.int32(source[np.uintp(beside)])
    return (here * (np.int32(STEP) - part) + there * part + np.int32(HALF)) >> np.int32(SHIFT)


@_kernel
def _sample(source: Rows, top: Rows, out: Rows) -> None:
    for target in range(out.shape[0]):
        out[target] = _at(source, top[target])


@_kernel
def _sample_colours(source: Rows, top: Rows, out: Rows) -> None:
    last = source.shape[0] - 1
    for target in range(out.shape[0]):
        index = top[target] >> SHIFT
        part = np.int32(top[target] & (STEP - 1))
        first, second = np.uintp(index), np.uintp(min(index + 1, last))
        for channel in range(source.shape[1]):
            here, there = np.int32(source[first, channel]), np.int32(source[second, channel])
            blend = here * (np.int32(STEP) - part) + there * part + np.int32(HALF)
            out[target, channel] = blend >> np.int32(SHIFT)


@_kernel
def _sample_chroma(source: Rows, top: Rows, out: Rows) -> None:
    for target in range(out.shape[0]):
        out[target] = _at(source, top[2 * target] >> 1)


@_kernel
def _mix(source: Rows, under: Rows, cover: Rows, mixed: Rows, out: Rows) -> None:
    for target in mixed:
        share = cover[target]
        below = _at(source, under[target])
        out[target] = (out[target] * share + below * (STEP - share) + HALF) >> SHIFT


@_kernel
def _mix_chroma(source: Rows, under: Rows, cover: Rows, mixed: Rows, out: Rows) -> None:
    for target in mixed:
        if target % 2 == 0:
            share = cover[target]
            below = _at(source, under[target] >> 1)
            old = out[target // 2]
            out[target // 2] = (old * share + below * (STEP - share) + HALF) >> SHIFT


@_kernel
def _show_row(
    disparity: Rows, rows: Rows, holes: Rows, layers: Rows, hidden: Rows
) -> tuple[int, int]:
    """Land and fill a row; note holes, layers and what is hidden where there is room for it."""
    top, under, cover, mixed = rows[0], rows[1], rows[2], rows[3]
    _land(disparity, rows)
    for target in range(hidden.shape[0]):
        bare = cover[target] < HALF and under[target] < 0
        hidden[target] = top[target] < 0 or bare
    noted = layers.shape[0]
    for target in range(noted):
        holes[target] = top[target] < 0
    counts = _fill(top, under, cover, mixed)
    for target in range(noted):
        far = disparity[np.uintp(top[target] >> SHIFT)]
        steps = np.int32(np.floor(far * np.float32(STEP) + np.float32(0.5)))
        layers[target] = steps if cover[target] == STEP else OTHER_LAYER
    return counts


@_kernel
def _blend(plane: Rows, holes: Rows, layers: Rows, scale: int) -> None:
    """Blend the holes of a filled plane with their layer above and below, in place."""
    height, width = plane.shape
    reach = len(BLEND_ROWS) // 2
    before = plane.copy()
    for y in range(height):
        for x in range(width):
            if not holes[y * scale, x * scale]:
                continue
            total = weight = np.int32(0)
            for row in range(max(0, y - reach), min(height, y + reach + 1)):
                if abs(layers[row * scale, x * scale] - layers[y * scale, x * scale]) < STEP:
                    share = np.int32(BLEND_ROWS[row - y + reach])
                    total += np.int32(before[row, x]) * share
                    weight += share
            plane[y, x] = (total + (weight >> 1)) // weight


@_kernel
def warp_planes(
    disparity: Rows, planes: tuple[Rows, Rows, Rows], outs: tuple[Rows, Rows, Rows], blend: bool
) -> int:
    """See `reference.warp_planes`."""
    y, u, v = planes
    out_y, out_u, out_v = outs
    height, width = disparity.shape
    rows = np.empty((5, width), np.int32)
    top, under, cover, mixed = rows[0], rows[1], rows[2], rows[3]
    noted = (height, width) if blend else (height, 0)
    marks, layers = np.empty(noted, np.uint8), np.empty(noted, np.int32)
    holes = 0
    for row in range(height):
        hidden, mixes = _show_row(disparity[row], rows, marks[row], layers[row], marks[row, :0])
        holes += hidden
        _sample(y[row], top, out_y[row])
        _mix(y[row], under, cover, mixed[:mixes], out_y[row])
        if row % 2 == 0:
            for source, out in ((u[row // 2], out_u[row // 2]), (v[row // 2], out_v[row // 2])):
                _sample_chroma(source, top, out)
                _mix_chroma(source, under, cover, mixed[:mixes], out)
    if blend:
        _blend(out_y, marks, layers, 1)
        _blend(out_u, marks, layers, 2)
        _blend(out_v, marks, layers, 2)
    return holes


@_kernel
def warp_picture(disparity: Rows, picture: Rows, out: Rows, hidden: Rows, blend: bool) -> None:
    """See `reference.warp_picture`."""
    height, width = disparity.shape
    rows = np.empty((5, width), np.int32)
    top, under, cover, mixed = rows[0], rows[1], rows[2], rows[3]
    noted = (height, width) if blend else (height, 0)
    marks, layers = np.empty(noted, np.uint8), np.empty(noted, np.int32)
    for row in range(height):
        mixes = _show_row(disparity[row], rows, marks[row], layers[row], hidden[row])[1]
        _sample_colours(picture[row], top, out[row])
        for channel in range(picture.shape[2]):
            _mix(picture[row, :, channel], under, cover, mixed[:mixes], out[row, :, channel])
    if blend:
        for channel in range(picture.shape[2]):
            _blend(out[:, :, channel], marks, layers, 1)
