"""One chunk of frames through the inpainting model, tile by tile."""

import torch

from stereo_engine.diffusion.modules import Modules, Noise, Tensor, drawn
from stereo_engine.diffusion.vae import encoded, factor_of
from stereo_engine.inpaint import svd
from stereo_engine.inpaint.settings import Settings
from stereo_engine.inpaint.tiles import axis_of, cut, joined, padded, upstream_axis


class TiledSvd:
    """Inpaints chunks of one film; every tile starts all its chunks from the same noise."""

    def __init__(self, modules: Modules, settings: Settings, noise: Noise) -> None:
        self._modules, self._settings, self._draw = modules, settings, noise
        self._noise: list[Tensor] = []

    def inpaint(self, frames: Tensor, mask: Tensor, start: int) -> Tensor:
        """Fill the holes of one chunk.

        Args:
            frames: float [T, 3, H, W] in 0..1.
            mask: float [T, 1, H, W].
            start: the first frame's place in the film, which picks its noise.

        Returns:
            float32 [T, 3, H, W].
        """
        if not self._settings.upstream and not bool((mask >= svd.HOLE).any()):
            return frames.float()
        height, width = frames.shape[2:]
        along = upstream_axis if self._settings.upstream else axis_of
        rows, columns = (along(side, self._settings.tiles) for side in (height, width))
        frames = padded(frames, rows.padded, columns.padded, mirror=True)
        mask = padded(mask, rows.padded, columns.padded, mirror=False)
        pairs = [
            pair
            for frame_row, mask_row in zip(
                cut(frames, rows, columns), cut(mask, rows, columns), strict=True
            )
            for pair in zip(frame_row, mask_row, strict=True)
        ]
        made = self._fresh(pairs) if self._settings.upstream else self._carried(pairs, start)
        grid = [made[r * columns.count : (r + 1) * columns.count] for r in range(rows.count)]
        overlap = (rows.size - rows.stride or columns.size - columns.stride) // 8
        latents = joined(grid, overlap) if len(made) > 1 else made[0]
        pictures = svd.decode(
            latents, self._modules, self._settings.decode_chunk, self._settings.decode_tile
        )
        return pictures[:, :, :height, :width]

    def _fresh(self, pairs: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Every tile on its own, as the original does."""
        chosen = self._settings
        return [
            svd.infer_latents(
                frames,
                mask,
                self._modules,
                steps=chosen.steps,
                guidance_min=chosen.guidance_min,
                guidance_max=chosen.guidance_max,
                noise=self._draw,
            )
            for frames, mask in pairs
        ]

    def _carried(self, pairs: list[tuple[Tensor, Tensor]], start: int) -> list[Tensor]:
        """Only the tiles that have holes, several at once; the others keep what they show."""
        self._draw_once(pairs)
        length = len(pairs[0][0])
        place = (torch.arange(length) + start) % self._settings.chunk
        holed = [index for index, (_, mask) in enumerate(pairs) if bool((mask >= svd.HOLE).any())]
        made = dict.fromkeys(range(len(pairs)), torch.empty(0))
        for at in range(0, len(holed), self._settings.tile_batch):
            group = holed[at : at + self._settings.tile_batch]
            noise = torch.cat([self._noise[index][:, place] for index in group])
            made.update(zip(group, self._sampled([pairs[i] for i in group], noise), strict=True))
        for index in set(made) - set(holed):
            made[index] = self._kept(pairs[index][0])
        return list(made.values())

    def _sampled(self, pairs: list[tuple[Tensor, Tensor]], noise: Tensor) -> list[Tensor]:
        chosen = self._settings
        with torch.no_grad():
            parts = [svd.conditioned(f * 2.0 - 1.0, m, self._modules) for f, m in pairs]
            condition = torch.cat([condition for condition, _ in parts])
            tokens = torch.cat([token for _, token in parts])
            guidance = (chosen.guidance_min, chosen.guidance_max)
            made = svd.sampled(self._modules, noise, condition, tokens, chosen.steps, guidance)
        return list(made.float().split(1))

    def _kept(self, frames: Tensor) -> Tensor:
        vae = self._modules.vae
        with torch.no_grad():
            latents = encoded(frames * 2.0 - 1.0, vae, svd.ENCODE_CHUNK)
        return (latents * vae.config.scaling_factor).float()[None]

    def _draw_once(self, pairs: list[tuple[Tensor, Tensor]]) -> None:
        if self._noise:
            return
        vae = self._modules.vae
        for frames, _ in pairs:
            height, width = (side // factor_of(vae) for side in frames.shape[2:])
            shape = (1, self._settings.chunk, vae.config.latent_channels, height, width)
            self._noise.append(drawn(self._draw, shape, frames))
