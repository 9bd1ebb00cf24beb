"""Growing what is too short by what is there."""

import torch

from stereo_engine.diffusion.modules import Tensor


def mirrored(length: int, total: int, like: Tensor) -> Tensor:
    """Indices 0 1 2 1 0 1 2 ..., turning round at the ends as often as needed."""
    period = max(2 * (length - 1), 1)
    place = torch.arange(total, device=like.device) % period
    return torch.minimum(place, (period - place) % period) if length > 1 else place * 0
