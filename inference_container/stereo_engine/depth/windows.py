"""Overlapping windows of diffusion over a stream of any length, one window in memory."""

import torch

from stereo_engine.diffusion.modules import Modules, Noise, Tensor, drawn
from stereo_engine.diffusion.sampling import denoised, started, time_ids

TIME_IDS = (7.0, 127.0, 0.02)
"""Frame rate, motion bucket, augmentation."""


class Windows:
    """Denoises conditioning frames window by window.

    All windows share one window's worth of noise: frame g gets noise g mod `window`, so that the
    overlap of two windows starts from the same noise. The overlap also starts from what the
    window before made of it, and is mixed linearly into that.
    """

    def __init__(
        self,
        modules: Modules,
        *,
        steps: int,
        guidance: float,
        window: int,
        overlap: int,
        noise: Noise,
        first: int | None = None,
    ) -> None:
        """Make windows; the first one has `first` frames, all others `window`."""
        if not 0 <= overlap < (first or window) <= window:
            raise ValueError(f"overlap {overlap} must be less than window {first or window}")
        self._modules, self._steps = modules, steps
        self._guidance = guidance if guidance > 1.0 else None
        self._window, self._overlap, self._first = window, overlap, first or window
        self._draw = noise
        self._noise: Tensor | None = None
        self._condition: Tensor | None = None
        self._tokens: Tensor | None = None
        self._before: Tensor | None = None
        """The last `overlap` latents of the window before: [1, overlap, 4, h, w]."""

    def push(self, condition: Tensor, tokens: Tensor) -> list[Tensor]:
        """Take frames, condition [n, 4, h, w] and tokens [n, D]; the latents that are now final.

        Noise for [1, window, 4, h, w] is drawn when the first window runs.
        """
        held, said = self._condition, self._tokens
        self._condition = condition if held is None else torch.cat([held, condition])
        self._tokens = tokens if said is None else torch.cat([said, tokens])
        final = []
        while len(self._condition) >= self._length:
            made = self._run(self._length)
            keep = made.shape[1] - self._overlap
            final.append(made[:, :keep])
            self._before = made[:, keep:]
            self._condition, self._tokens = self._condition[keep:], self._tokens[keep:]
        return final

    @property
    def _length(self) -> int:
        """Frames of the next window."""
        return self._window if self._before is not None else self._first

    def finish(self) -> list[Tensor]:
        """The latents still held, after the last and maybe shorter window."""
        waiting = 0 if self._condition is None else len(self._condition)
        fresh = waiting - (0 if self._before is None else self._overlap)
        if fresh > 0:
            return [self._run(waiting)]
        return [] if self._before is None else [self._before]

    def _run(self, length: int) -> Tensor:
        """Denoise the first `length` frames held: [1, length, 4, h, w]."""
        assert self._condition is not None and self._tokens is not None
        condition, tokens = self._condition[None, :length], self._tokens[None, :length]
        factor, sigma = started(self._modules, self._steps)
        latents = self._start(condition, factor)
        before, again = self._before, self._overlap
        if before is not None:
            renoised = latents[:, :again] / factor * sigma
            latents[:, :again] = before + renoised
        latents = denoised(
            self._modules,
            latents,
            condition=condition,
            tokens=tokens,
            ids=time_ids(TIME_IDS, condition),
            guidance=self._guidance,
        )
        if before is not None:
            share = torch.linspace(0, 1, again, device=latents.device, dtype=latents.dtype)
            share = share[:, None, None, None]  # [overlap, 1, 1, 1]
            latents[:, :again] = share * latents[:, :again] + (1 - share) * before
        return latents

    def _start(self, condition: Tensor, factor: float) -> Tensor:
        """This window's noise, a copy; the next window's is the same, carried on in a circle."""
        noise, length = self._noise, condition.shape[1]
        if noise is None:
            shape = (1, self._window if length == self._first else length, *condition.shape[2:])
            noise = torch.mul(drawn(self._draw, shape, condition), factor)
        keep = length - self._overlap
        self._noise = torch.cat([noise[:, keep:], noise[:, :keep]], dim=1)
        return noise[:, :length].clone()
