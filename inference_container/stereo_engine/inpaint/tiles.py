"""Large pictures in overlapping tiles: even strides, padding instead of cropping, mixed latents."""

from dataclasses import dataclass

import torch

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
    rows = _mirrored(frames.shape[2], height, frames)
    columns = _mirrored(frames.shape[3], width, frames)
    return frames.index_select(2, rows).index_select(3, columns)


def _mirrored(length: int, total: int, like: Tensor) -> Tensor:
    """Indices 0 1 2 1 0 1 2 ..., turning round at the ends as often as needed."""
    period = max(2 * (length - 1), 1)
    place = torch.arange(total, device=like.device) % period
    return torch.minimum(place, (period - place) % period) if length > 1 else place * 0


def cut(frames: Tensor, rows: Axis, columns: Axis) -> list[list[Tensor]]:
    """The tiles of [T, C, H, W], row by row."""
    tops = [index * rows.stride for index in range(rows.count)]
    lefts = [index * columns.stride for index in range(columns.count)]
    return [
        [frames[:, :, top : top + rows.size, left : left + columns.size] for left in lefts]
        for top in tops
    ]


def joined(tiles: list[list[Tensor]], overlap: int) -> Tensor:
    """Mix the latents of tiles, first with the tile above, then with the one to the left.

    Args:
        tiles: latents [..., h, w] of `cut` tiles.
        overlap: latents that neighbours share.

    Returns:
        [..., h', w'] of the whole picture.
    """
    made: list[list[Tensor]] = []
    for r, row in enumerate(tiles):
        made.append([])
        for c, tile in enumerate(row):
            mixed = tile.clone()
            if r:
                mixed = _mixed(made[r - 1][c], mixed, overlap, axis=-2)
            if c:
                mixed = _mixed(made[r][c - 1], mixed, overlap, axis=-1)
            made[r].append(mixed)
    rows = []
    for r, row in enumerate(made):
        keep = None if r == len(made) - 1 else row[0].shape[-2] - overlap
        parts = [tile[..., :keep, :-overlap] for tile in row[:-1]] + [row[-1][..., :keep, :]]
        rows.append(torch.cat(parts, dim=-1))
    return torch.cat(rows, dim=-2)


def _mixed(before: Tensor, after: Tensor, overlap: int, axis: int) -> Tensor:
    """`after`, its first `overlap` rows or columns faded in from the end of `before`."""
    share = torch.arange(overlap, device=after.device, dtype=after.dtype) / overlap
    share = share[:, None] if axis == -2 else share  # [overlap, 1] or [overlap]
    old = before.narrow(axis, before.shape[axis] - overlap, overlap)
    new = after.narrow(axis, 0, overlap)
    rest = after.narrow(axis, overlap, after.shape[axis] - overlap)
    return torch.cat([(1 - share) * old + share * new, rest], dim=axis)
