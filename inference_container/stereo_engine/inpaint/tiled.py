"""One chunk of frames through the inpainting model, tile by tile."""

import torch

from stereo_engine.diffusion.modules import Modules, Noise, Tensor, drawn
from stereo_engine.diffusion.vae import decoded, encoded, factor_of
from stereo_engine.inpaint import svd
from stereo_engine.inpaint.settings import Settings
from stereo_engine.inpaint.tiles import axis_of, cut, joined, padded, upstream_axis

Pair = tuple[Tensor, Tensor]
"""Pictures [T, 3, h, w] of one tile and their holes [T, 1, h, w]."""


class TiledSvd:
    """Inpaints chunks of one film; every tile starts all its chunks from the same noise."""

    def __init__(self, modules: Modules, settings: Settings, noise: Noise) -> None:
        self._modules, self._settings, self._draw = modules, settings, noise
        self._guidance = (settings.guidance_min, settings.guidance_max)
        self._noise: list[Tensor] = []

    def inpaint(self, frames: Tensor, mask: Tensor, start: int) -> Tensor:
        """Fill the holes of one chunk.

        Args:
            frames: float [T, 3, H, W] in 0..1.
            mask: float [T, 1, H, W].
            start: the first frame's place in the film, which picks its noise.

        Returns:
            float [T, 3, H, W].
        """
        chosen = self._settings
        if not chosen.upstream and not _has_holes(mask):
            return frames
        height, width = frames.shape[2:]
        along = upstream_axis if chosen.upstream else axis_of
        rows, columns = (along(side, chosen.tiles) for side in (height, width))
        frames = padded(frames, rows.padded, columns.padded, mirror=True)
        mask = padded(mask, rows.padded, columns.padded, mirror=False)
        pairs = list(zip(cut(frames, rows, columns), cut(mask, rows, columns), strict=True))
        with torch.no_grad():
            made = self._fresh(pairs) if chosen.upstream else self._carried(pairs, start)
            latents = joined(made, rows, columns)[0]
            vae = self._modules.vae
            pictures = decoded(latents, vae, chosen.decode_chunk, chosen.decode_tile)
        return pictures[:, :, :height, :width]

    def _fresh(self, pairs: list[Pair]) -> list[Tensor]:
        """Every tile on its own, as the original does."""
        return [
            svd.fresh_latents(
                *pair, self._modules, self._settings.steps, self._guidance, self._draw
            )
            for pair in pairs
        ]

    def _carried(self, pairs: list[Pair], start: int) -> list[Tensor]:
        """Only the tiles that have holes, several at once; the others keep what they show."""
        self._draw_once(pairs)
        place = (torch.arange(len(pairs[0][0])) + start) % self._settings.chunk
        holed = [index for index, (_, mask) in enumerate(pairs) if _has_holes(mask)]
        made: dict[int, Tensor] = {}
        for at in range(0, len(holed), self._settings.tile_batch):
            group = holed[at : at + self._settings.tile_batch]
            noise = torch.cat([self._noise[index][:, place] for index in group])
            made |= zip(group, self._sampled([pairs[index] for index in group], noise), strict=True)
        return [
            made[index] if index in made else self._kept(frames)
            for index, (frames, _) in enumerate(pairs)
        ]

    def _sampled(self, pairs: list[Pair], noise: Tensor) -> list[Tensor]:
        parts = [svd.conditioned(f * 2.0 - 1.0, m, self._modules) for f, m in pairs]
        condition = torch.cat([condition for condition, _ in parts])
        tokens = torch.cat([token for _, token in parts])
        steps = self._settings.steps
        made = svd.sampled(self._modules, noise, condition, tokens, steps, self._guidance)
        return list(torch.split(made, 1))

    def _kept(self, frames: Tensor) -> Tensor:
        vae = self._modules.vae
        latents = encoded(frames * 2.0 - 1.0, vae, svd.ENCODE_CHUNK)
        scaling: float = vae.config.scaling_factor
        return (latents * scaling)[None]

    def _draw_once(self, pairs: list[Pair]) -> None:
        if self._noise:
            return
        vae = self._modules.vae
        for frames, _ in pairs:
            height, width = (side // factor_of(vae) for side in frames.shape[2:])
            shape = (1, self._settings.chunk, vae.config.latent_channels, height, width)
            self._noise.append(drawn(self._draw, shape, frames))


def _has_holes(mask: Tensor) -> bool:
    return bool((mask >= svd.HOLE).any())
