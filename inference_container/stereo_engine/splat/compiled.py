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
TOP, UNDER, COVER, MIXED, PLACE, GAP, FIRST, COUNT = range(8)
ROWS = 8
"""What is worked on for one row of the picture, int32 [ROWS, W]."""
_ONE, _SHIFT = np.int32(1), np.int32(SHIFT)
"""Of the pixels' own type: with wider ones the loops would be half as fast."""


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
        gap[x] = between if (between > 0) & (between < JOINED) else 0
    gap[width - 1] = 0


@_kernel
def _reach(place: Rows, gap: Rows, first: Rows, count: Rows) -> None:
    """The targets that a pixel within its surface covers; a count of -1 where that ends."""
    width = place.shape[0]
    border = np.int32((width - 1) << SHIFT)
    for x in range(1, width - 1):
        start = max(place[x - 1] + (gap[x - 1] >> _ONE), -_ONE)
        end = min(place[x] + (gap[x] >> _ONE), border)
        first[x] = (start >> _SHIFT) + _ONE
        covered = max((end >> _SHIFT) + _ONE - first[x], np.int32(0))
        count[x] = covered if (gap[x - 1] > 0) & (gap[x] > 0) else -_ONE
    count[0] = count[width - 1] = -_ONE


@_kernel
def _column(x: Any, beyond: Any, gap_left: Any, gap: Any) -> Any:
    """The source column seen `beyond` the place of pixel x, between it and the one next to it."""
    back = beyond >> np.int32(31)  # all ones to the left of it, else 0
    gap_there = (gap_left & back) | (gap & ~back)
    share = (beyond + (gap_left & back)) * RECIPROCALS[np.uintp(gap_there)]
    return ((np.int32(x) + back) << _SHIFT) + (share >> np.int32(RECIPROCAL_SHIFT))


@_kernel
def _land(disparity: Rows, rows: Rows) -> None:
    """Write what each target shows into the first three of `rows`: see `reference.land`.

    Short loops without branches become vector code; so pixels at borders go elsewhere.
    """
    width = disparity.shape[0]
    top, cover, place, gaps = rows[TOP], rows[COVER], rows[PLACE], rows[GAP]
    firsts, counts = rows[FIRST], rows[COUNT]
    _place(disparity, place, gaps)
    _reach(place, gaps, firsts, counts)
    top[:] = -1
    cover[:] = STEP
    for x in range(width):
        at = np.uintp(x)
        left = counts[at]
        if left < 0:
            _land_border(rows, x)
        target = firsts[at]
        while left > 0:
            beyond = (target << _SHIFT) - place[at]
            top[np.uintp(target)] = _column(x, beyond, gaps[at - np.uintp(1)], gaps[at])
            cover[np.uintp(target)] = STEP
            target += _ONE
            left -= _ONE


@_kernel
def _land_border(rows: Rows, x: int) -> None:
    """Land a pixel where its surface ends: it may cover its first and last target in part."""
    width = rows.shape[1]
    place, gap = rows[PLACE, x], rows[GAP, x]
    gap_left = rows[GAP, x - 1] if x > 0 else np.int32(0)
    open_left, open_right = gap_left == 0 and x > 0, gap == 0 and x + 1 < width
    start = rows[PLACE, x - 1] + (gap_left >> 1) if gap_left > 0 else place - HALF
    end = place + (gap >> 1 if gap > 0 else HALF)
    first = (start + HALF) >> SHIFT if open_left else (start >> SHIFT) + 1
    last = (end + HALF - 1) >> SHIFT if open_right else end >> SHIFT
    for target in range(max(first, 0), min(last, width - 1) + 1):
        middle = np.int32(target << SHIFT)
        before = start - middle + HALF if open_left else 0
        after = middle + HALF - end if open_right else 0
        inside = (middle > place and gap > 0) or (middle < place and gap_left > 0)
        column = _column(x, middle - place, gap_left, gap) if inside else x << SHIFT
        rows[UNDER, target] = rows[TOP, target]
        rows[TOP, target] = column
        rows[COVER, target] = STEP - max(0, before) - max(0, after)


@_kernel
def _fill(top: Rows, under: Rows, cover: Rows, mixed: Rows) -> tuple[int, int]:
    """Continue the right, far side into holes; list the mixed targets. Returns both counts."""
    width = top.shape[0]
    holes = mixes = 0
    far = np.int32(-1)
    rest = 0
    for target in range(width - 1, -1, -1):
        if top[target] < 0:
            holes += 1
            top[target] = far
        elif cover[target] == STEP:
            rest = target if far < 0 else rest
            far = top[target]
        else:
            if under[target] < 0:
                holes += cover[target] < HALF
                under[target] = far if far >= 0 else top[target]
            mixed[mixes] = target
            mixes += 1
    border = np.int32((width - 1) << SHIFT)
    for target in range(rest, width):  # nothing whole lies on the right: repeat what is on the left
        if top[target] < 0:
            top[target] = border
        border = top[target]
    return holes, mixes


@_kernel
def _between(here: Any, there: Any, part: Any) -> Any:
    blend = np.int32(here) * (np.int32(STEP) - part) + np.int32(there) * part + np.int32(HALF)
    return blend >> _SHIFT


@_kernel
def _at(source: Rows, column: Any) -> Any:
    index = column >> SHIFT
    beside = min(index + 1, source.shape[0] - 1)
    part = np.int32(column & (STEP - 1))
    return _between(source[np.uintp(index)], source[np.uintp(beside)], part)


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
            here, there = source[first, channel], source[second, channel]
            out[target, channel] = _between(here, there, part)


@_kernel
def _sample_chroma(u: Rows, v: Rows, top: Rows, out_u: Rows, out_v: Rows) -> None:
    """Both planes at once, at the columns of the even targets."""
    last = np.int32(u.shape[0] - 1)
    for target in range(out_u.shape[0]):
        column = top[2 * target] >> _ONE
        part = column & np.int32(STEP - 1)
        index = column >> _SHIFT
        here, beside = np.uintp(index), np.uintp(min(index + _ONE, last))
        out_u[target] = _between(u[here], u[beside], part)
        out_v[target] = _between(v[here], v[beside], part)


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
    top, under, cover, mixed = rows[TOP], rows[UNDER], rows[COVER], rows[MIXED]
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
    rows = np.empty((ROWS, width), np.int32)
    top, under, cover, mixed = rows[TOP], rows[UNDER], rows[COVER], rows[MIXED]
    noted = (height, width) if blend else (height, 0)
    marks, layers = np.empty(noted, np.uint8), np.empty(noted, np.int32)
    holes = 0
    for row in range(height):
        hidden, mixes = _show_row(disparity[row], rows, marks[row], layers[row], marks[row, :0])
        holes += hidden
        _sample(y[row], top, out_y[row])
        _mix(y[row], under, cover, mixed[:mixes], out_y[row])
        if row % 2 == 0:
            half = row // 2
            _sample_chroma(u[half], v[half], top, out_u[half], out_v[half])
            for source, out in ((u[half], out_u[half]), (v[half], out_v[half])):
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
    rows = np.empty((ROWS, width), np.int32)
    top, under, cover, mixed = rows[TOP], rows[UNDER], rows[COVER], rows[MIXED]
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
