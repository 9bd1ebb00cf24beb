"""The original's forward warp, to compare with: nearer pixels weigh more, none wins outright.

The tiers warp with `stereo_engine.splat`, which is sharper; this one feeds comparisons with the
original (`compat="upstream"`), or shows what its formula gives without its border rule.
"""

import torch

from stereo_engine.diffusion.modules import Tensor

BASE = 1.414
"""A pixel d px nearer weighs BASE ** d."""


def disparity_of(depth: Tensor, max_disparity_px: float = 20.0) -> Tensor:
    """The original's disparity of depth in 0..1: depth 0.5 lies on the screen."""
    return (2.0 * depth - 1.0) * max_disparity_px


def soft_splat(
    frames: Tensor, disparity: Tensor, *, compat: str | None = None
) -> tuple[Tensor, Tensor]:
    """Move every pixel to x - disparity, shared between the two columns beside that.

    Args:
        frames: float [T, C, H, W].
        disparity: float [T, 1, H, W], px.
        compat: `upstream` drops a pixel unless both its columns and the row below it are inside,
            which loses the last row; None keeps each of the two parts that is inside.

    Returns:
        The right eye [T, C, H, W], black in holes, and the occlusion [T, 1, H, W] in 0..1.
    """
    count, channels, height, width = frames.shape
    columns = torch.arange(width, device=frames.device, dtype=frames.dtype)
    place = columns - disparity  # [T, 1, H, W]
    left = place.floor()
    part = place - left
    nearness = BASE ** (disparity - disparity.amax()).clamp_min(-120.0)
    packed = torch.cat([frames * nearness, nearness, torch.ones_like(nearness)], dim=1)
    total = packed.new_zeros(count, channels + 2, height, width + 1)  # the last column is waste
    whole = (left >= 0) & (left + 1 < width)
    whole[:, :, -1] = False
    for tap, share in ((left, 1.0 - part), (left + 1, part)):
        inside = (tap >= 0) & (tap < width) if compat is None else whole
        index = torch.where(inside, tap, width).long().expand_as(packed)
        total.scatter_add_(3, index, packed * share)
    total = total[..., :width]
    weight, cover = total[:, -2:-1], total[:, -1:]
    right = torch.where(weight > 0, total[:, :-2] / weight.clamp_min(1e-30), 0.0)
    return right, 1.0 - cover.clamp(0.0, 1.0)
