"""Inpainting of holes in time and space by StereoCrafter's 9-channel UNet on the SVD modules.

Every function takes modules already built and says in which order it draws noise.
"""

from typing import Any

import torch

from stereo_engine.diffusion.clip import embedded
from stereo_engine.diffusion.modules import Modules, Noise, Tensor, device_of, drawn, exact
from stereo_engine.diffusion.sampling import denoised, started, time_ids
from stereo_engine.diffusion.vae import decoded, encoded, factor_of

TIME_IDS = (6.0, 127.0, 0.0)
"""Frame rate less one, motion bucket, augmentation."""
ENCODE_CHUNK = 5
HOLE = 0.5


def infer_latents(
    frames: Any,
    mask: Any,
    modules: Modules,
    *,
    steps: int,
    guidance_min: float,
    guidance_max: float,
    noise: Noise,
) -> Tensor:
    """Inpaint one stretch of frames as a whole: no chunks, no tiles.

    Args:
        frames: float32 [T, 3, H, W] in 0..1, the warped eye; H and W multiples of 8.
        mask: float32 [T, 1, H, W], a hole from 0.5 on.
        modules: unet (9 input channels), vae, image_encoder, scheduler.
        steps: Euler steps.
        guidance_min: at the first frame; the factor grows linearly to the last frame.
        guidance_max: at the last frame. With 1 and 1 no second prediction is made.
        noise: called for [T, 3, H, W] (of strength 0, for the order's sake), then for
            [1, T, 4, H/8, W/8].

    Returns:
        float32 [1, T, 4, H/8, W/8], scaled as the UNet sees them.
    """
    guidance = (guidance_min, guidance_max)
    given = placed(frames, modules), placed(mask, modules)
    with torch.no_grad():
        return fresh_latents(*given, modules, steps, guidance, noise).float()


def decode(latents: Tensor, modules: Modules, decode_chunk: int, tile: int | None = None) -> Tensor:
    """Pictures of latents [1, T, 4, h, w]: float32 [T, 3, H, W] in 0..1.

    Args:
        latents: as `infer_latents` returns them.
        modules: `vae` is used.
        decode_chunk: frames that share one pass of the temporal decoder; more are steadier.
        tile: the largest side to decode at once, in latents; None for whole pictures.
    """
    with torch.no_grad():
        kind = exact(modules.vae)
        return decoded(latents[0].to(kind), modules.vae, decode_chunk, tile).float()


def infer(
    frames: Any, mask: Any, modules: Modules, *, noise: Noise, compat: str | None = None,
    **settings: Any,
) -> Tensor:  # fmt: skip
    """Inpaint a whole clip in chunks and tiles, of any length and any size from 16 px.

    Args:
        frames: float32 [T, 3, H, W] in 0..1.
        mask: float32 [T, 1, H, W], a hole from 0.5 on.
        modules: as for `infer_latents`.
        noise: called for [1, chunk, 4, h, w] of every tile, row by row, before the first chunk
            that has a hole; with `compat="upstream"` as `infer_latents` for every tile of every
            chunk.
        compat: `upstream` for the original's choices, its crop to multiples of 128 among them.
        settings: fields of `stereo_engine.inpaint.settings.Settings`.

    Returns:
        float32 [T, 3, H, W].
    """
    from stereo_engine.inpaint.stream import SvdInpainter  # it is built on this module

    inpainter = SvdInpainter(modules, noise=noise, compat=compat, **settings)
    pairs = zip(placed(frames, modules), placed(mask, modules), strict=True)
    return torch.stack(list(inpainter.fill(pairs))).float()


def placed(values: Any, modules: Modules) -> Tensor:
    """A float tensor beside the UNet."""
    given = torch.as_tensor(values)
    return given.to(device=device_of(modules.unet), dtype=exact(modules.unet))


def fresh_latents(
    frames: Tensor,
    mask: Tensor,
    modules: Modules,
    steps: int,
    guidance: tuple[float, float],
    noise: Noise,
) -> Tensor:
    """What `infer_latents` returns, in the precision of the modules."""
    pictures = frames * 2.0 - 1.0
    drawn(noise, tuple(pictures.shape), pictures)
    condition, token = conditioned(pictures, mask, modules)
    shape = (1, len(pictures), condition.shape[2] - 1, *condition.shape[3:])
    start = drawn(noise, shape, condition)
    return sampled(modules, start, condition, token, steps, guidance)


def conditioned(pictures: Tensor, mask: Tensor, modules: Modules) -> tuple[Tensor, Tensor]:
    """What steers the diffusion: [1, T, 4 + 1, h, w] of pictures and holes, CLIP [1, 1, D].

    Args:
        pictures: float [T, 3, H, W] in -1..1.
        mask: float [T, 1, H, W] in 0..1.
        modules: `vae` and `image_encoder` are used.
    """
    factor = factor_of(modules.vae)
    if pictures.shape[2] % factor or pictures.shape[3] % factor:
        raise ValueError(f"frames {tuple(pictures.shape)}: sides must be multiples of {factor}")
    token = embedded(pictures[:1], modules.image_encoder)[None]  # [1, 1, D]
    latents = encoded(pictures, modules.vae, ENCODE_CHUNK)
    holes = (mask >= HOLE).to(latents.dtype)[:, :, ::factor, ::factor]
    return torch.cat([latents, holes], dim=1)[None], token  # [1, T, 5, h, w]


def sampled(
    modules: Modules,
    noise: Tensor,
    condition: Tensor,
    tokens: Tensor,
    steps: int,
    guidance: tuple[float, float],
) -> Tensor:
    """Run the diffusion from unit normals [B, T, 4, h, w]."""
    factor, _ = started(modules, steps)
    scale = None
    if guidance != (1.0, 1.0):
        count = noise.shape[1]
        ramp = torch.linspace(*guidance, count, device=noise.device, dtype=noise.dtype)
        scale = ramp[None, :, None, None, None]  # [1, T, 1, 1, 1]
    return denoised(
        modules,
        noise * factor,
        condition=condition,
        tokens=tokens,
        ids=time_ids(TIME_IDS, condition),
        guidance=scale,
    )
