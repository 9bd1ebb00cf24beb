"""Depth of single frames by any model that transformers' AutoModelForDepthEstimation loads.

Depth Anything V2 Small is the usual one. Raw depth only; `depth.normalise` brings it to 0..1.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stereo_engine.diffusion.modules import Tensor, device_of, dtype_of

SHORT_SIDE = 392
PATCH = 14
WIDEST = 4
"""Longer pictures than 4:1 are squeezed."""
BATCH = 8
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def as_it_is(depth: Tensor) -> Tensor:
    """Nearness of a model whose values grow towards the viewer."""
    return depth


def of_metres(depth: Tensor) -> Tensor:
    """Nearness of a model that answers in distances."""
    return 1.0 / depth.clamp_min(1e-3)


class DepthAnything:
    """One answer per frame, several frames at once."""

    def __init__(
        self,
        model: Any,
        *,
        short_side: int = SHORT_SIDE,
        batch: int = BATCH,
        nearness: Callable[[Tensor], Tensor] = as_it_is,
    ) -> None:
        self._model, self._nearness = model, nearness
        self._short_side, self._batch = short_side, batch

    def estimate(self, frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Raw depth float32 [h, w] of each RGB frame uint8 [H, W, 3], larger = nearer."""
        source = iter(frames)
        while block := list(islice(source, self._batch)):
            yield from self._answers(np.stack([self._working(frame) for frame in block]))

    def _answers(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        device, kind = device_of(self._model), dtype_of(self._model)
        given = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2)  # [T, 3, h, w]
        mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, STD))
        pixels = ((given / 255.0 - mean) / std).to(kind)
        with torch.no_grad():
            raw = self._model(pixel_values=pixels).predicted_depth
        return np.asarray(self._nearness(raw.float()).cpu().numpy(), np.float32)

    def _working(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        size = working_size(frame.shape[1], frame.shape[0], self._short_side)
        shrinks = size[0] < frame.shape[1]
        kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(frame, size, interpolation=kind), np.uint8)


def working_size(width: int, height: int, short_side: int = SHORT_SIDE) -> tuple[int, int]:
    """The size frames are shown to the model at: multiples of 14, at most 4:1."""
    scale = short_side / min(width, height)
    limit = WIDEST * short_side
    fitted = [max(1, round(min(side * scale, limit) / PATCH)) for side in (width, height)]
    return fitted[0] * PATCH, fitted[1] * PATCH
