"""Eyes whose holes are painted by the inpainting model, at full size and nowhere but there."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import tee
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stereo_engine.colour import Colour
from stereo_engine.inpaint.composite import colour_matched, mixed, share_of
from stereo_engine.picture import of_rgb
from stereo_engine.splat.fixed import Plane

Planes = tuple[Plane, Plane, Plane]
Fill = Callable[[Iterable[tuple[Any, Any]]], Iterator[Any]]
"""An inpainter's `fill`: pictures [3, h, w] in 0..1 and holes [1, h, w] in, pictures out."""


@dataclass(frozen=True)
class Warped:
    """One made eye before it is painted."""

    planes: Planes
    """Where the eye is; holes are filled classically, and painted over in place."""
    rgb: NDArray[np.uint8]
    """The same as uint8 [H, W, 3]."""
    hidden: NDArray[np.bool_]
    """bool [H, W], the holes."""
    colour: Colour


def painted(eyes: Iterable[tuple[Warped, ...]], fills: list[Fill], side: int) -> Iterator[None]:
    """Paint the made eyes of every frame, in order; one fill for each eye of a frame.

    Args:
        eyes: the made eyes of every frame.
        fills: an inpainter for each of them.
        side: the longest side of what the inpainter sees.
    """
    waiting: deque[tuple[Warped, ...]] = deque()

    def seen() -> Iterator[tuple[Warped, ...]]:
        for frame in eyes:
            waiting.append(frame)
            yield frame

    streams = [
        fill(_shown(frame[which], side) for frame in copy)
        for which, (fill, copy) in enumerate(zip(fills, tee(seen(), len(fills)), strict=True))
    ]
    for pictures in zip(*streams, strict=True):
        for eye, picture in zip(waiting.popleft(), pictures, strict=True):
            put_in(eye, picture.permute(1, 2, 0).float().cpu().numpy())
        yield None


def _shown(eye: Warped, side: int) -> tuple[Any, Any]:
    """What the model sees: holes are black."""
    height, width = eye.hidden.shape
    scale = min(1.0, side / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    rgb, holes = eye.rgb, eye.hidden.astype(np.float32)
    if size != (width, height):
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        holes = np.asarray(cv2.resize(holes, size, interpolation=cv2.INTER_AREA), np.float32)
    holes = (holes > 0).astype(np.float32)
    shown = rgb * (np.float32(1.0) - holes[:, :, None]) / np.float32(255.0)
    return torch.from_numpy(shown).permute(2, 0, 1), torch.from_numpy(holes)[None]  # [3, h, w]


def put_in(eye: Warped, picture: NDArray[np.float32]) -> None:
    """Put the model's picture [h, w, 3] in 0..1 into the holes of an eye."""
    if not eye.hidden.any():
        return
    height, width = eye.hidden.shape
    if picture.shape[:2] != (height, width):
        large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = np.asarray(large, np.float32).clip(0.0, 1.0)
    seen = eye.rgb.astype(np.float32) / np.float32(255.0)
    matched = colour_matched(np.ascontiguousarray(picture), seen, eye.hidden)
    pix_fmt = "yuv420p" if eye.planes[0].dtype == np.uint8 else "yuv420p10le"
    rgb = np.rint(matched * 255.0).astype(np.uint8)
    share = share_of(eye.hidden)
    for plane, new in zip(eye.planes, of_rgb(rgb, eye.colour, pix_fmt).planes, strict=True):
        plane[:] = mixed(plane, new, share)
