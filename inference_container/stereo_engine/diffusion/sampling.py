"""The Euler loop both models run: predict, guide where asked, step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from stereo_engine.diffusion.modules import Modules, Tensor, device_of, dtype_of


def started(modules: Modules, steps: int) -> tuple[float, float]:
    """Reset the scheduler; the factor of initial noise, and the first sigma."""
    modules.scheduler.set_timesteps(steps, device=device_of(modules.unet))
    return float(modules.scheduler.init_noise_sigma), float(modules.scheduler.sigmas[0])


def time_ids(values: tuple[float, float, float], like: Tensor) -> Tensor:
    """Frame rate, motion bucket and augmentation of every film of a batch: float32 [B, 3]."""
    ids = torch.tensor([values], device=like.device, dtype=torch.float32)
    return ids.repeat(like.shape[0], 1)  # [B, 3]


def denoised(
    modules: Modules,
    latents: Tensor,
    *,
    condition: Tensor,
    tokens: Tensor,
    ids: Tensor,
    guidance: Tensor | float | None = None,
) -> Tensor:
    """Run the scheduler's steps on `latents`.

    Args:
        modules: `unet` and `scheduler` are used; the scheduler must have been reset.
        latents: float [B, T, 4, h, w].
        condition: float [B, T, C, h, w], put beside the latents on channels.
        tokens: float [B, 1, D], or [1, T, D] for one embedding per frame.
        ids: float [B, 3], see `time_ids`.
        guidance: factor on the difference to the prediction without condition; None: no second
            prediction is made.

    Returns:
        float [B, T, 4, h, w].
    """
    scheduler = modules.scheduler
    for step in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, step)
        predicted = _prediction(modules, scaled, step, condition, tokens, ids)
        if guidance is not None:
            nothing, silence = torch.zeros_like(condition), torch.zeros_like(tokens)
            free = _prediction(modules, scaled, step, nothing, silence, ids)
            predicted = free + guidance * (predicted - free)
        latents = scheduler.step(predicted, step, latents, return_dict=False)[0]
    return latents


def _prediction(
    modules: Modules, scaled: Tensor, step: Any, condition: Tensor, tokens: Tensor, ids: Tensor
) -> Tensor:
    unet, kind = modules.unet, dtype_of(modules.unet)
    sample = torch.cat([scaled, condition], dim=2).to(kind)  # [B, T, 4 + C, h, w]
    tokens = tokens.to(kind)
    with _per_frame(unet, tokens):
        answer: tuple[Tensor, ...] = unet(
            sample, step, encoder_hidden_states=tokens[:, :1], added_time_ids=ids, return_dict=False
        )
    return answer[0].to(scaled.dtype)


@contextmanager
def _per_frame(unet: Any, tokens: Tensor) -> Iterator[None]:
    """Let every frame look at its own embedding, where there is one for each.

    The stock class repeats one embedding over all frames before its blocks; the blocks are handed
    the row of embeddings instead.
    """
    if tokens.shape[1] == 1:
        yield
        return
    rows = tokens.flatten(0, 1)[:, None]  # [T, 1, D]

    def swap(_: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if "encoder_hidden_states" in kwargs:
            kwargs = kwargs | {"encoder_hidden_states": rows}
        return args, kwargs

    blocks = (*unet.down_blocks, unet.mid_block, *unet.up_blocks)
    hooks = [block.register_forward_pre_hook(swap, with_kwargs=True) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
