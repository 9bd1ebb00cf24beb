"""The warp in NumPy: slower, needs nothing else, and the reference for every other backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stereo_engine.splat.fixed import (
    BLEND_ROWS,
    HALF,
    JOINED,
    OTHER_LAYER,
    RECIPROCAL_SHIFT,
    RECIPROCALS,
    SHIFT,
    STEP,
    Plane,
)

Ints = NDArray[np.int32]
Disparity = NDArray[np.float32]


@dataclass(frozen=True)
class Shown:
    """What each target pixel shows, int32 [H, W] each, columns in 1/256 px of the source."""

    top: Ints
    """Source column of the nearest surface; -1 where there is none: a hole."""
    under: Ints
    """Source column of what that surface covers in part; -1 where there is none."""
    cover: Ints
    """How much of the pixel the nearest surface covers, 1/256."""

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Bool [H, W]: mostly showing what the source does not."""
        return (self.top < 0) | ((self.cover < HALF) & (self.under < 0))

    def sample(self, source: Plane, scale: int = 1) -> Ints:
        """A plane [H/scale, W/scale] as the targets show it, int32, after `filled`."""
        pick = slice(None, None, scale)
        top, under, cover = (part[pick, pick] for part in (self.top, self.under, self.cover))
        above, below = _at(source, top // scale), _at(source, np.maximum(under, 0) // scale)
        return np.where(cover == STEP, above, _mixed(above, below, cover))

    def layers(self, disparity: Disparity) -> Ints:
        """Disparity of what each target shows, in 1/256 px, after `filled`."""
        steps = np.take_along_axis(_steps(disparity), self.top >> SHIFT, axis=1)
        return np.where(self.cover == STEP, steps, OTHER_LAYER)


def warp_planes(
    disparity: Disparity,
    planes: Sequence[Plane],
    out: Sequence[Plane],
    blend: bool,
) -> int:
    """Warp planar 4:2:0; chroma follows the even luma rows and columns. Returns the holes."""
    landed = land(disparity)
    shown = filled(landed)
    holes, layers = landed.top < 0, shown.layers(disparity)
    for plane, made, scale in zip(planes, out, (1, 2, 2), strict=True):
        sampled = shown.sample(plane, scale)
        if blend:
            sampled = blended(sampled, holes[::scale, ::scale], layers[::scale, ::scale])
        made[:] = sampled
    return int(np.count_nonzero(landed.hidden))


def warp_picture(
    disparity: Disparity, picture: Plane, out: Plane, hidden: NDArray[np.uint8], blend: bool
) -> None:
    """Warp an interleaved picture [H, W, C] and mark in `hidden` [H, W] what it did not show."""
    landed = land(disparity)
    shown = filled(landed)
    hidden[:] = landed.hidden
    layers = shown.layers(disparity)
    for channel in range(picture.shape[2]):
        sampled = shown.sample(picture[:, :, channel])
        out[:, :, channel] = blended(sampled, landed.top < 0, layers) if blend else sampled


def land(disparity: Disparity) -> Shown:
    """Paint every row in rising x: of two surfaces in one place the later one is the nearer.

    A source pixel reaches half way to its neighbours on the same surface, and half a pixel beyond
    the border of a surface; there it covers target pixels in part.
    """
    height, width = disparity.shape
    edges = _Edges.of(_steps(disparity))
    row, x = np.indices((height, width), np.int32)
    top, under = (np.full((height, width), -1, np.int32) for _ in range(2))
    reached = []
    for step in range(3):
        target = edges.first + step
        inside = (target <= edges.last) & (target >= 0) & (target < width)
        reached.append((row[inside], target[inside], x[inside]))
    rows, targets, sources = (np.concatenate(part) for part in zip(*reached, strict=True))
    np.maximum.at(top, (rows, targets), sources)
    second = sources != top[rows, targets]
    np.maximum.at(under, (rows[second], targets[second]), sources[second])
    cover = np.where(top < 0, STEP, edges.share(top))
    return Shown(edges.column(top), edges.column(under), cover.astype(np.int32))


def filled(shown: Shown) -> Shown:
    """Let holes, and what is only covered in part, show what their right, far side shows.

    Where nothing whole lies on the right, a hole repeats what is on its left.
    """
    width = shown.top.shape[1]
    index = np.arange(width, dtype=np.int32)
    known = shown.top >= 0
    whole = known & (shown.cover == STEP)
    right = np.where(whole, index, width)[:, ::-1]
    right = np.minimum.accumulate(right, axis=1)[:, ::-1]
    left = np.maximum.accumulate(np.where(known, index, -1), axis=1)
    far = np.take_along_axis(shown.top, np.minimum(right, width - 1), axis=1)
    near = np.take_along_axis(shown.top, np.maximum(left, 0), axis=1)
    border = np.where(left < 0, (width - 1) << SHIFT, near)
    top = np.where(known, shown.top, np.where(right < width, far, border))
    under = np.where(shown.under >= 0, shown.under, np.where(right < width, far, top))
    return Shown(top, under, shown.cover)


def blended(sampled: Ints, holes: NDArray[np.bool_], layers: Ints) -> Ints:
    """A filled plane whose holes take in what is on their own layer in the rows around them.

    Filled row by row, textured ground turns into streaks; this hides them.
    """
    total, weight = np.zeros((2, *sampled.shape), np.int32)
    height, reach = sampled.shape[0], len(BLEND_ROWS) // 2
    for step, share in enumerate(BLEND_ROWS, start=-reach):
        inside = slice(max(0, -step), max(0, height - max(0, step)))
        beside = slice(max(0, step), max(0, height + min(0, step)))
        same = np.abs(layers[beside] - layers[inside]) < STEP
        total[inside] += np.where(same, sampled[beside] * share, 0)
        weight[inside] += np.where(same, share, 0)
    return np.where(holes, (total + (weight >> 1)) // weight, sampled)


@dataclass(frozen=True)
class _Edges:
    """Where each source pixel lands: int32 [H, W] each, in 1/256 px."""

    place: Ints
    gap: Ints
    """To the place of the next pixel; 0 where that is another surface."""
    start: Ints
    end: Ints
    open_left: NDArray[np.bool_]
    """The surface ends here, inside the picture: targets may be covered in part."""
    open_right: NDArray[np.bool_]

    @classmethod
    def of(cls, steps: Ints) -> "_Edges":
        width = steps.shape[1]
        place = (np.arange(width, dtype=np.int32) << SHIFT) - steps
        gap = np.zeros_like(place)
        gap[:, :-1] = place[:, 1:] - place[:, :-1]
        gap[(gap <= 0) | (gap >= JOINED)] = 0
        end = place + np.where(gap > 0, gap >> 1, HALF)
        start = place - HALF
        start[:, 1:] = np.where(gap[:, :-1] > 0, end[:, :-1], start[:, 1:])
        open_left, open_right = np.zeros((2, *place.shape), np.bool_)
        open_left[:, 1:] = open_right[:, :-1] = gap[:, :-1] == 0
        return cls(place, gap, start, end, open_left, open_right)

    @property
    def first(self) -> Ints:
        """The first target a pixel reaches."""
        return np.where(self.open_left, (self.start + HALF) >> SHIFT, (self.start >> SHIFT) + 1)

    @property
    def last(self) -> Ints:
        """The last target a pixel reaches."""
        return np.where(self.open_right, (self.end + HALF - 1) >> SHIFT, self.end >> SHIFT)

    def share(self, owner: Ints) -> Ints:
        """How much of each target its owner, a source pixel, covers."""
        middle = np.arange(owner.shape[1], dtype=np.int32) << SHIFT
        before = np.where(_of(self.open_left, owner), _of(self.start, owner) - middle + HALF, 0)
        after = np.where(_of(self.open_right, owner), middle + HALF - _of(self.end, owner), 0)
        return np.asarray(STEP - np.maximum(before, 0) - np.maximum(after, 0))

    def column(self, owner: Ints) -> Ints:
        """The source column that each target shows of its owner; -1 where it has none."""
        gap, gap_left = _of(self.gap, owner), _of(self.gap, owner - 1)
        gap_left = np.where(owner > 0, gap_left, 0)
        middle = np.arange(owner.shape[1], dtype=np.int32) << SHIFT
        beyond = middle - _of(self.place, owner)
        right = (np.maximum(beyond, 0) * RECIPROCALS[gap]) >> RECIPROCAL_SHIFT
        left = ((np.minimum(beyond, 0) + gap_left) * RECIPROCALS[gap_left]) >> RECIPROCAL_SHIFT
        back = np.where((beyond < 0) & (gap_left > 0), left - STEP, 0)
        column = (owner << SHIFT) + np.where(beyond > 0, right, back)
        return np.where(owner < 0, np.int32(-1), column)


def _steps(disparity: Disparity) -> Ints:
    return np.asarray(np.floor(disparity * np.float32(STEP) + np.float32(0.5)), np.int32)


def _of(values: NDArray[Any], owner: Ints) -> NDArray[Any]:
    return np.take_along_axis(values, np.maximum(owner, 0), axis=1)


def _at(source: Plane, columns: Ints) -> Ints:
    index = columns >> SHIFT
    part = columns & (STEP - 1)
    here = np.take_along_axis(source, index, axis=1).astype(np.int32)
    beside = np.minimum(index + 1, source.shape[1] - 1)
    there = np.take_along_axis(source, beside, axis=1).astype(np.int32)
    return (here * (STEP - part) + there * part + HALF) >> SHIFT


def _mixed(above: Ints, below: Ints, cover: Ints) -> Ints:
    return (above * cover + below * (STEP - cover) + HALF) >> SHIFT
