"""The four modules a video diffusion model is made of, and where and how precisely they compute."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import torch

Tensor: TypeAlias = torch.Tensor
Noise = Callable[[tuple[int, ...]], Any]
"""Unit normals of a shape; called in a documented order, so that results can be checked."""


class Modules(Protocol):
    """Anything that carries the four; a `types.SimpleNamespace` will do."""

    unet: Any
    """diffusers' UNetSpatioTemporalConditionModel."""
    vae: Any
    """diffusers' AutoencoderKLTemporalDecoder."""
    image_encoder: Any
    """transformers' CLIPVisionModelWithProjection."""
    scheduler: Any
    """diffusers' EulerDiscreteScheduler."""


def device_of(module: Any) -> Any:
    """The device of a module's weights."""
    return next(module.parameters()).device


def dtype_of(module: Any) -> Any:
    """The type of a module's weights."""
    return next(module.parameters()).dtype


def exact(module: Any) -> Any:
    """The type to keep latents in: float64 beside float64 weights, float32 beside all others."""
    return torch.float64 if dtype_of(module) == torch.float64 else torch.float32


def drawn(noise: Noise, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Noise of a shape with the device and type of `like`."""
    return torch.as_tensor(noise(shape)).to(device=like.device, dtype=like.dtype)


def seeded(seed: int) -> Noise:
    """Unit normals drawn on the CPU, so that every device gets the same ones."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return lambda shape: torch.randn(shape, generator=generator)
