"""What a picture shows, as CLIP sees it: anti-aliased resize, normalisation, embedding."""

from typing import Any

import torch
from torch.nn import functional

from stereo_engine.diffusion.modules import Tensor, device_of, dtype_of

SIZE = 224
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
CHUNK = 8


def embedded(pictures: Tensor, image_encoder: Any) -> Tensor:
    """The embedding of each picture.

    Args:
        pictures: float [T, 3, H, W] in -1..1.
        image_encoder: CLIP with projection.

    Returns:
        float [T, D], in the type of the encoder.
    """
    size = int(getattr(image_encoder.config, "image_size", SIZE))
    tokens = []
    for chunk in torch.split(pictures, CHUNK):
        small = (resized(chunk, size) + 1.0) / 2.0
        mean, std = (small.new_tensor(values)[:, None, None] for values in (MEAN, STD))
        pixels = (small - mean) / std
        pixels = pixels.to(device=device_of(image_encoder), dtype=dtype_of(image_encoder))
        tokens.append(image_encoder(pixels).image_embeds)
    return torch.cat(tokens)


def resized(pictures: Tensor, size: int) -> Tensor:
    """Bicubic with aligned corners after a blur that fits the reduction: [T, C, size, size]."""
    for axis in (2, 3):
        pictures = _blurred(pictures, axis, pictures.shape[axis] / size)
    return functional.interpolate(pictures, (size, size), mode="bicubic", align_corners=True)


def _blurred(pictures: Tensor, axis: int, reduction: float) -> Tensor:
    sigma = max((reduction - 1.0) / 2.0, 0.001)
    taps = int(max(4.0 * sigma, 3)) // 2 * 2 + 1
    offsets = torch.arange(taps, device=pictures.device, dtype=pictures.dtype) - taps // 2
    weights = torch.exp(-(offsets**2) / (2.0 * sigma**2))
    weights = weights / weights.sum()
    across = axis == 3
    channels = pictures.shape[1]
    shape = (1, taps) if across else (taps, 1)
    kernel = weights.reshape(1, 1, *shape).expand(channels, 1, *shape)  # [C, 1, kh, kw]
    side = taps // 2
    edges = (side, side, 0, 0) if across else (0, 0, side, side)
    return functional.conv2d(
        functional.pad(pictures, edges, mode="reflect"), kernel, groups=channels
    )
