"""Depth that is steady over time, by video diffusion on the SVD modules.

Raw depth only, larger = nearer; `depth.normalise` brings it to 0..1.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stereo_engine.depth.windows import Windows
from stereo_engine.diffusion.clip import embedded
from stereo_engine.diffusion.mirror import mirrored
from stereo_engine.diffusion.modules import Modules, Noise, Tensor, device_of, drawn, exact
from stereo_engine.diffusion.vae import decoded, encoded, factor_of

STEPS, GUIDANCE, WINDOW, OVERLAP = 5, 1.0, 110, 25
MAX_SIDE = 1024
MULTIPLE = 64
AUGMENTATION = 0.02
BLOCK = 8
"""Frames encoded, and usually decoded, at once."""


def infer(
    frames: Any,
    modules: Modules,
    *,
    steps: int,
    guidance: float,
    window: int,
    overlap: int,
    noise: Noise,
    decode_chunk: int = BLOCK,
) -> Tensor:
    """Raw depth of a whole clip that is held in memory.

    Args:
        frames: float32 [T, H, W, 3] in 0..1; H and W multiples of 8 (the model expects 64).
        modules: unet (8 input channels), vae, image_encoder, scheduler.
        steps: Euler steps per window.
        guidance: above 1 a second, unconditional prediction is made and extrapolated from.
        window: frames denoised together.
        overlap: frames that neighbouring windows share.
        noise: called for [T, 3, H, W], then for [1, min(window, T), 4, H/8, W/8].
        decode_chunk: frames that share one pass of the temporal decoder.

    Returns:
        float32 [T, H, W] on the CPU: the mean of the decoded channels, larger = nearer.
    """
    windows = Windows(
        modules, steps=steps, guidance=guidance, window=window, overlap=overlap, noise=noise
    )
    with torch.no_grad():
        condition, tokens = _conditioned(_pictures(frames, modules), modules, noise)
        latents = [*windows.push(condition, tokens), *windows.finish()]
        pictures = decoded(torch.cat(latents, dim=1)[0], modules.vae, decode_chunk)
    return pictures.mean(dim=1).float().cpu()


class DepthCrafter:
    """The same for a stream of any length: memory holds one window, whatever the film."""

    def __init__(
        self,
        modules: Modules,
        *,
        noise: Noise,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        window: int = WINDOW,
        overlap: int = OVERLAP,
        max_side: int = MAX_SIDE,
        decode_chunk: int = BLOCK,
        first_frame: int = 0,
    ) -> None:
        """Make an estimator; `first_frame` is the place in the film of the first frame it gets.

        Windows and the decoder's groups begin at the same frames of the film wherever a segment
        begins, so that segments worked out apart see most frames in the same company.
        """
        self._first = window - first_frame % (window - overlap)
        self._first_group = decode_chunk - first_frame % decode_chunk
        self._modules, self._noise = modules, noise
        self._steps, self._guidance = steps, guidance
        self._window, self._overlap = window, overlap
        self._max_side, self._chunk = max_side, decode_chunk

    def estimate(self, frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Raw depth float32 [h, w] of each RGB frame uint8 [H, W, 3], at the working size.

        Noise is drawn for [n, 3, h, w] of every block of up to eight frames, and once, when the
        first window runs, for its latents. A depth comes up to a window later than its frame.
        """
        windows = Windows(
            self._modules,
            steps=self._steps,
            guidance=self._guidance,
            window=self._window,
            overlap=self._overlap,
            noise=self._noise,
            first=self._first,
        )
        decoder = _Decoder(self._modules, self._chunk, self._first_group)
        source = iter(frames)
        while block := list(islice(source, BLOCK)):
            with torch.no_grad():
                small = np.stack([self._working(frame) for frame in block])
                pictures = _pictures(small.astype(np.float32) / 255.0, self._modules)
                made = windows.push(*_conditioned(pictures, self._modules, self._noise))
                depths = [depth for latents in made for depth in decoder.push(latents[0])]
            yield from depths
        with torch.no_grad():
            depths = [depth for latents in windows.finish() for depth in decoder.push(latents[0])]
            depths += decoder.finish()
        yield from depths

    def _working(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        width, height = working_size(frame.shape[1], frame.shape[0], self._max_side)
        return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA))


class _Decoder:
    """Decodes latents in groups of the same size, but for the first.

    The last one is filled up with what came before, in reverse: in a shorter group the temporal
    decoder gives another spread of depth, which is seen where the next segment joins.
    """

    def __init__(self, modules: Modules, chunk: int, first: int) -> None:
        self._modules, self._chunk, self._next = modules, chunk, first
        self._held: Tensor | None = None

    def push(self, latents: Tensor) -> list[NDArray[np.float32]]:
        held = latents if self._held is None else torch.cat([self._held, latents])
        depths: list[NDArray[np.float32]] = []
        while len(held) >= self._next:
            depths += self._depths(held[: self._next])
            held, self._next = held[self._next :], self._chunk
        self._held = held.clone()
        return depths

    def finish(self) -> list[NDArray[np.float32]]:
        if self._held is None or not len(self._held):
            return []
        count = len(self._held)
        return self._depths(self._held[mirrored(count, self._next, self._held)])[:count]

    def _depths(self, latents: Tensor) -> list[NDArray[np.float32]]:
        pictures = decoded(latents, self._modules.vae, self._chunk)
        return list(pictures.mean(dim=1).float().cpu().numpy())


def working_size(width: int, height: int, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """The size depth is worked out at: multiples of 64, none above `max_side`, none zero."""
    rounded = [round(side / MULTIPLE) * MULTIPLE for side in (width, height)]
    if max(rounded) > max_side:
        scale = max_side / max(width, height)
        rounded = [round(side * scale / MULTIPLE) * MULTIPLE for side in (width, height)]
    return max(rounded[0], MULTIPLE), max(rounded[1], MULTIPLE)


def _pictures(frames: Any, modules: Modules) -> Tensor:
    """[T, H, W, 3] in 0..1 as [T, 3, H, W] in -1..1, beside the UNet."""
    given = torch.as_tensor(frames)
    factor = factor_of(modules.vae)
    if given.ndim != 4 or given.shape[1] % factor or given.shape[2] % factor:
        raise ValueError(f"frames {tuple(given.shape)}: H and W must be multiples of {factor}")
    given = given.to(device=device_of(modules.unet), dtype=exact(modules.unet))
    return given.permute(0, 3, 1, 2) * 2.0 - 1.0  # [T, 3, H, W]


def _conditioned(pictures: Tensor, modules: Modules, noise: Noise) -> tuple[Tensor, Tensor]:
    """What steers the diffusion: latents [T, 4, h, w] of the noised pictures, CLIP [T, D]."""
    tokens = embedded(pictures, modules.image_encoder)
    noisy = pictures + AUGMENTATION * drawn(noise, tuple(pictures.shape), pictures)
    return encoded(noisy, modules.vae, BLOCK), tokens
