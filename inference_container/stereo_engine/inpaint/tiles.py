"""Large pictures in overlapping tiles: even strides, padding instead of cropping, mixed latents."""

from dataclasses import dataclass

import torch

from stereo_engine.diffusion.mirror import mirrored
from stereo_engine.diffusion.modules import Tensor

OVERLAP_PX = 128
MULTIPLE = 8


@dataclass(frozen=True)
class Axis:
    """The tiles along one axis, in px: all of one size, together `padded` long."""

    count: int
    size: int
    stride: int

    @property
    def padded(self) -> int:
        """The length the tiles cover."""
        return self.stride * (self.count - 1) + self.size


def axis_of(length: int, count: int) -> Axis:
    """`count` tiles over `length` px; a picture too short for so many gets fewer."""
    while count > 1:
        stride = -(-(length - OVERLAP_PX) // count)
        stride = -(-stride // MULTIPLE) * MULTIPLE
        if stride >= OVERLAP_PX:
            return Axis(count, stride + OVERLAP_PX, stride)
        count -= 1
    size = -(-length // MULTIPLE) * MULTIPLE
    return Axis(1, size, size)


def upstream_axis(length: int, count: int) -> Axis:
    """The original's tiles: they may miss the far end by some px."""
    size = (length + OVERLAP_PX * (count - 1)) // count
    return Axis(count, size, size - OVERLAP_PX if count > 1 else size)


def padded(frames: Tensor, height: int, width: int, *, mirror: bool) -> Tensor:
    """Grow [T, C, H, W] downwards and to the right, by mirroring or with nothing."""
    grow = (0, width - frames.shape[3], 0, height - frames.shape[2])
    if not mirror:
        return torch.nn.functional.pad(frames, grow)
    rows = mirrored(frames.shape[2], height, frames)
    columns = mirrored(frames.shape[3], width, frames)
    return frames.index_select(2, rows).index_select(3, columns)


def cut(frames: Tensor, rows: Axis, columns: Axis) -> list[Tensor]:
    """The tiles of [T, C, H, W], row by row."""
    return [
        frames[:, :, top : top + rows.size, left : left + columns.size]
        for top in range(0, rows.count * rows.stride, rows.stride)
        for left in range(0, columns.count * columns.stride, columns.stride)
    ]


def joined(tiles: list[Tensor], rows: Axis, columns: Axis) -> Tensor:
    """Mix the latents of `cut` tiles, first with the tile above, then with the one to the left.

    Args:
        tiles: [..., h, w] each, row by row.
        rows: the tiles along the height.
        columns: the tiles along the width.

    Returns:
        [..., h', w'] of the whole picture.
    """
    made: list[list[Tensor]] = []
    for r in range(rows.count):
        made.append([])
        for c in range(columns.count):
            mixed = tiles[r * columns.count + c]
            if r:
                mixed = _mixed(made[r - 1][c], mixed, axis=-2)
            if c:
                mixed = _mixed(made[r][c - 1], mixed, axis=-1)
            made[r].append(mixed)
    lines = [
        torch.cat([*(tile[..., : columns.stride // 8] for tile in row[:-1]), row[-1]], dim=-1)
        for row in made
    ]
    return torch.cat(
        [*(line[..., : rows.stride // 8, :] for line in lines[:-1]), lines[-1]], dim=-2
    )


def _mixed(before: Tensor, after: Tensor, axis: int) -> Tensor:
    """`after`, its first rows or columns faded in from the end of `before`."""
    overlap = OVERLAP_PX // 8
    share = torch.arange(overlap, device=after.device, dtype=after.dtype) / overlap
    share = share[:, None] if axis == -2 else share  # [overlap, 1] or [overlap]
    old = before.narrow(axis, before.shape[axis] - overlap, overlap)
    new = after.narrow(axis, 0, overlap)
    rest = after.narrow(axis, overlap, after.shape[axis] - overlap)
    return torch.cat([(1 - share) * old + share * new, rest], dim=axis)
