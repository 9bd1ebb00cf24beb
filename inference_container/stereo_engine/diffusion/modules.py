"""The four modules a video diffusion model is made of, and where and how precisely they compute."""

import hashlib
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


class FrameNoise:
    """Seeded noise that belongs to frames of the film, not to where a segment of it begins.

    Segments that are worked out apart draw the same noise for the same frame. It is drawn on the
    CPU, so that every device gets the same.
    """

    def __init__(self, seed: int, first_frame: int = 0, period: int | None = None) -> None:
        """Make a source; the noise of windows repeats every `period` frames (None: a window)."""
        self._seed, self._first, self._period = seed, first_frame, period
        self._pictures = first_frame
        self._windows = 0

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        """Noise of the next pictures [n, 3, H, W], or of a window that repeats [1, n, C, h, w]."""
        if len(shape) == 4:
            first, self._pictures = self._pictures, self._pictures + shape[0]
            return torch.stack([self._of("picture", first + k, shape[1:]) for k in range(shape[0])])
        self._windows += 1
        kind = f"window {self._windows}"
        places = ((self._first + k) % (self._period or shape[1]) for k in range(shape[1]))
        return torch.stack([self._of(kind, place, shape[2:]) for place in places])[None]

    def _of(self, kind: str, place: int, shape: tuple[int, ...]) -> Tensor:
        digest = hashlib.sha256(f"{self._seed} {kind} {place}".encode()).digest()
        generator = torch.Generator("cpu").manual_seed(int.from_bytes(digest[:7], "big"))
        return torch.randn(shape, generator=generator)
