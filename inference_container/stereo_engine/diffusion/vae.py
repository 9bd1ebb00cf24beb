"""Pictures to latents and back, a few frames at a time and, where memory is short, in tiles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from stereo_engine.diffusion.modules import Tensor, dtype_of, exact

TILE_OVERLAP = 12
"""Latents that neighbouring decoded tiles share; 96 px."""


def factor_of(vae: Any) -> int:
    """Pixels per latent along one axis."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


def encoded(pictures: Tensor, vae: Any, chunk: int) -> Tensor:
    """The most likely latents, not scaled.

    Args:
        pictures: float [T, 3, H, W] in -1..1; H and W multiples of the VAE's factor.
        vae: the autoencoder; upcast to float32 while it encodes, where its config asks for that.
        chunk: frames at once.

    Returns:
        float [T, 4, H/8, W/8], in the type of `pictures`.
    """
    with _upcast(vae) as kind:
        parts = [
            vae.encode(part.to(kind)).latent_dist.mode().to(pictures.dtype)
            for part in torch.split(pictures, chunk)
        ]
    return torch.cat(parts)


def decoded(latents: Tensor, vae: Any, chunk: int, tile: int | None = None) -> Tensor:
    """Pictures of scaled latents.

    Args:
        latents: float [T, 4, h, w].
        vae: the autoencoder.
        chunk: frames that share one pass of the temporal decoder.
        tile: the largest side to decode at once, in latents; None for whole pictures.

    Returns:
        float32 (float64 beside float64 weights) [T, 3, 8h, 8w] in 0..1.
    """
    scaled = latents / vae.config.scaling_factor
    parts = []
    for part in torch.split(scaled, chunk):
        pictures = _tiled(part, vae, tile) if tile else _decode(part, vae)
        parts.append((pictures / 2.0 + 0.5).clamp(0.0, 1.0))
    return torch.cat(parts)


def _decode(latents: Tensor, vae: Any) -> Tensor:
    kind = dtype_of(vae)
    pictures: Tensor = vae.decode(latents.to(kind), num_frames=latents.shape[0]).sample
    if kind == torch.float16 and not torch.isfinite(pictures).all():
        vae.to(torch.float32)
        pictures = vae.decode(latents.float(), num_frames=latents.shape[0]).sample
        vae.to(kind)
    return pictures.to(exact(vae))


def _tiled(latents: Tensor, vae: Any, tile: int) -> Tensor:
    """Decode overlapping tiles and mix them by ramps that fall to nothing at inner edges."""
    factor = factor_of(vae)
    height, width = latents.shape[2:]
    made = []
    for top, bottom in _spans(height, tile):
        for left, right in _spans(width, tile):
            part = _decode(latents[:, :, top:bottom, left:right], vae)
            down, along = (top, bottom, height), (left, right, width)
            share = _ramp(*down, factor, part)[:, None] * _ramp(*along, factor, part)[None]
            rows, columns = (slice(factor * axis[0], factor * axis[1]) for axis in (down, along))
            made.append((rows, columns, part, share))  # share: [8h, 8w]
    first = made[0][2]
    total = first.new_zeros(*first.shape[:2], height * factor, width * factor)
    weight = torch.zeros_like(total[:1, :1])
    for rows, columns, part, share in made:
        total[:, :, rows, columns] += part * share
        weight[:, :, rows, columns] += share
    return total / weight


def _spans(length: int, tile: int) -> Iterator[tuple[int, int]]:
    tile = max(tile, 2 * TILE_OVERLAP)
    start = 0
    while start + tile < length:
        yield start, start + tile
        start += tile - TILE_OVERLAP
    yield max(0, length - tile), length


def _ramp(start: int, stop: int, length: int, factor: int, like: Tensor) -> Tensor:
    """Weights of one tile along one axis: [8 (stop - start)]."""
    size, fade = (stop - start) * factor, TILE_OVERLAP * factor
    place = torch.arange(size, device=like.device, dtype=like.dtype) + 0.5
    weights = torch.ones_like(place)
    if start > 0:
        weights = torch.minimum(weights, place / fade)
    if stop < length:
        weights = torch.minimum(weights, (size - place) / fade)
    return weights


@contextmanager
def _upcast(vae: Any) -> Iterator[Any]:
    kind = dtype_of(vae)
    if kind != torch.float16 or not vae.config.force_upcast:
        yield kind
        return
    vae.to(torch.float32)
    try:
        yield torch.float32
    finally:
        vae.to(kind)
