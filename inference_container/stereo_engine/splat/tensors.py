"""The warp in torch, for where pictures are on a GPU anyway: the same integers as `reference`.

One scatter-maximum takes the place of painting in order, so that the answer does not depend on
which thread comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
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

Ints = Any
"""A tensor int32 [H, W]."""


@dataclass(frozen=True)
class Shown:
    """See `reference.Shown`."""

    top: Ints
    under: Ints
    cover: Ints


def warp_planes(
    disparity: NDArray[np.float32], planes: Sequence[Plane], out: Sequence[Plane], blend: bool
) -> int:
    """See `reference.warp_planes`."""
    steps = steps_of(_tensor(disparity))
    landed = land(steps)
    shown = filled(landed)
    for plane, made, scale in zip(planes, out, (1, 2, 2), strict=True):
        source = _tensor(plane.astype(np.int32))
        made[:] = _pictured(source, steps, landed, shown, blend, scale).cpu().numpy()
    return int(hidden_of(landed).sum())


def warp_picture(
    disparity: NDArray[np.float32],
    picture: Plane,
    out: Plane,
    hidden: NDArray[np.uint8],
    blend: bool,
) -> None:
    """See `reference.warp_picture`."""
    made, bare = right_view(_tensor(picture), _tensor(disparity), blend=blend)
    out[:] = made.cpu().numpy()
    hidden[:] = bare.cpu().numpy()


def right_view(left: Any, disparity: Any, *, blend: bool = False) -> tuple[Any, Any]:
    """The right picture and what is hidden, as tensors on the device of `left`.

    Args:
        left: tensor [H, W, C] of whole numbers.
        disparity: tensor float32 [H, W] in px, finite, at most the width.
        blend: whether holes take in the rows around them.
    """
    steps = steps_of(disparity)
    landed = land(steps)
    shown = filled(landed)
    channels = [
        _pictured(channel.int(), steps, landed, shown, blend, 1) for channel in left.unbind(-1)
    ]
    return torch.stack(channels, -1).to(left.dtype), hidden_of(landed)


def steps_of(disparity: Any) -> Ints:
    """Disparity in 1/256 px, halves rounded up."""
    return torch.floor(disparity * STEP + 0.5).int()


def hidden_of(landed: Shown) -> Any:
    """Bool [H, W]: mostly showing what the source does not."""
    return (landed.top < 0) | ((landed.cover < HALF) & (landed.under < 0))


def land(steps: Ints) -> Shown:
    """See `reference.land`."""
    height, width = steps.shape
    x = torch.arange(width, dtype=torch.int32, device=steps.device).expand(height, width)
    place = (x << SHIFT) - steps
    gap = torch.nn.functional.pad(place[:, 1:] - place[:, :-1], (0, 1))
    gap = torch.where((gap > 0) & (gap < JOINED), gap, 0)
    gap_left = torch.nn.functional.pad(gap[:, :-1], (1, 0))
    end = place + torch.where(gap > 0, gap >> 1, HALF)
    start = torch.where(gap_left > 0, torch.roll(end, 1, 1), place - HALF)
    open_left, open_right = (gap_left == 0) & (x > 0), (gap == 0) & (x + 1 < width)
    first = torch.where(open_left, (start + HALF) >> SHIFT, (start >> SHIFT) + 1)
    last = torch.where(open_right, (end + HALF - 1) >> SHIFT, end >> SHIFT)
    top, under = _owners(first, last, x)
    before = torch.where(_of(open_left, top), _of(start, top) - (x << SHIFT) + HALF, 0)
    after = torch.where(_of(open_right, top), (x << SHIFT) + HALF - _of(end, top), 0)
    cover = STEP - before.clamp(min=0) - after.clamp(min=0)
    cover = torch.where(top < 0, STEP, cover)
    top, under = (_column(owner, x, place, gap, gap_left) for owner in (top, under))
    return Shown(top, under, cover)


def _owners(first: Ints, last: Ints, x: Ints) -> tuple[Ints, Ints]:
    """The rightmost source pixel that reaches each target, and the one beneath it; -1: none."""
    height, width = x.shape
    row = torch.arange(height, device=x.device)[:, None] * width
    reached = []
    for step in range(3):
        target = first + step
        inside = (target <= last) & (target >= 0) & (target < width)
        reached.append(torch.where(inside, target + row, height * width))
    places, sources = torch.cat(reached).ravel(), x.repeat(3, 1).ravel()

    def largest(values: Ints) -> Ints:
        none = torch.full((height * width + 1,), -1, dtype=torch.int32, device=x.device)
        return none.scatter_reduce(0, places, values, "amax")

    top = largest(sources)
    under = largest(torch.where(sources == top[places], -1, sources))
    return top[:-1].view(height, width), under[:-1].view(height, width)


def _column(owner: Ints, x: Ints, place: Ints, gap: Ints, gap_left: Ints) -> Ints:
    reciprocals = torch.from_numpy(RECIPROCALS).to(x.device)
    right, left = _of(gap, owner), _of(gap_left, owner)
    beyond = (x << SHIFT) - _of(place, owner)
    ahead = (beyond.clamp(min=0) * reciprocals[right]) >> RECIPROCAL_SHIFT
    inside = (beyond.clamp(max=0) + left) * reciprocals[left]
    back = torch.where((beyond < 0) & (left > 0), (inside >> RECIPROCAL_SHIFT) - STEP, 0)
    column = (owner << SHIFT) + torch.where(beyond > 0, ahead, back)
    return torch.where(owner < 0, -1, column)


def filled(shown: Shown) -> Shown:
    """See `reference.filled`."""
    width = shown.top.shape[1]
    x = torch.arange(width, dtype=torch.int32, device=shown.top.device).expand_as(shown.top)
    known = shown.top >= 0
    whole = known & (shown.cover == STEP)
    right = torch.where(whole, x, width).flip(1).cummin(1).values.flip(1)
    left = torch.where(known, x, -1).cummax(1).values
    far = _of(shown.top, right.clamp(max=width - 1))
    border = torch.where(left < 0, (width - 1) << SHIFT, _of(shown.top, left))
    under_hole = torch.where(right < width, far, border)
    top = torch.where(known, shown.top, under_hole)
    beneath = torch.where(right < width, far, top)
    return Shown(top, torch.where(shown.under >= 0, shown.under, beneath), shown.cover)


def _pictured(
    source: Ints, steps: Ints, landed: Shown, shown: Shown, blend: bool, scale: int
) -> Ints:
    """A plane [H/scale, W/scale] as the targets show it."""
    top, under, cover, bare = (
        some[::scale, ::scale] for some in (shown.top, shown.under, shown.cover, landed.top)
    )
    above, below = _at(source, top // scale), _at(source, under // scale)
    mixed = (above * cover + below * (STEP - cover) + HALF) >> SHIFT
    sampled = torch.where(cover == STEP, above, mixed)
    if not blend:
        return sampled
    layers = _of(steps[::scale], top >> SHIFT)
    return blended(sampled, bare < 0, torch.where(cover == STEP, layers, int(OTHER_LAYER)))


def blended(sampled: Ints, holes: Any, layers: Ints) -> Ints:
    """See `reference.blended`."""
    total, weight = torch.zeros_like(sampled), torch.zeros_like(sampled)
    height, reach = sampled.shape[0], len(BLEND_ROWS) // 2
    for step, share in enumerate(BLEND_ROWS, start=-reach):
        inside = slice(max(0, -step), max(0, height - max(0, step)))
        beside = slice(max(0, step), max(0, height + min(0, step)))
        same = (layers[beside] - layers[inside]).abs() < STEP
        total[inside] += torch.where(same, sampled[beside] * share, 0)
        weight[inside] += torch.where(same, share, 0)
    return torch.where(holes, (total + (weight >> 1)) // weight, sampled)


def _at(source: Ints, columns: Ints) -> Ints:
    index, part = columns >> SHIFT, columns & (STEP - 1)
    there = _of(source, (index + 1).clamp(max=source.shape[1] - 1))
    return (_of(source, index) * (STEP - part) + there * part + HALF) >> SHIFT


def _of(values: Any, owner: Ints) -> Any:
    return values.gather(1, owner.clamp(min=0).long())


def _tensor(array: NDArray[Any]) -> Any:
    """A copy where the work is done: on a GPU if there is one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.from_numpy(np.array(array, order="C")).to(device)
