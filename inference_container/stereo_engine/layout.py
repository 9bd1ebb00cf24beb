"""Two eyes into one picture: side by side, over and under, mixed, or through coloured glasses."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine import anaglyph
from stereo_engine.recipe import Mode
from stereo_engine.splat.fixed import Plane

HALVED_ACROSS = (Mode.HALF_SBS,)
HALVED_DOWN = (Mode.HALF_TOP_BOTTOM,)


def output_size(size: tuple[int, int], mode: str) -> tuple[int, int]:
    """Width and height of the finished picture for one eye of `size`."""
    width, height = size
    if mode in (Mode.SBS, Mode.CROSS_EYED, Mode.RGBD):
        return 2 * width, height
    if mode == Mode.TOP_BOTTOM:
        return width, 2 * height
    return width, height


def compose(
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    mode: str,
    *,
    method: str = "dubois",
) -> NDArray[np.uint8]:
    """Lay two eyes out in one picture.

    Args:
        left: uint8 [H, W, 3], RGB.
        right: the same shape; for `rgbd` the depth picture.
        mode: one of `Mode`.
        method: for `anaglyph`, one of `anaglyph.METHODS`.
    """
    if mode == Mode.ANAGLYPH:
        return anaglyph.mix(left, right, method)
    return compose_planes(left, right, mode)


def compose_planes(left: Plane, right: Plane, mode: str) -> Plane:
    """Lay out two planes [H, W] or pictures [H, W, C] of any sample type."""
    if left.shape != right.shape:
        raise ValueError(f"eyes differ in shape: {left.shape} and {right.shape}")
    return _ARRANGE[Mode(mode)](left, right)


def _half_width(eye: Plane) -> Plane:
    if eye.shape[1] % 2:
        raise ValueError(f"half side-by-side needs an even width: {eye.shape[1]}")
    size = (eye.shape[1] // 2, eye.shape[0])
    return cv2.resize(eye, size, interpolation=cv2.INTER_AREA).astype(eye.dtype, copy=False)


def _half_height(eye: Plane) -> Plane:
    if eye.shape[0] % 2:
        raise ValueError(f"half top-bottom needs an even height: {eye.shape[0]}")
    size = (eye.shape[1], eye.shape[0] // 2)
    return cv2.resize(eye, size, interpolation=cv2.INTER_AREA).astype(eye.dtype, copy=False)


def _interlaced(left: Plane, right: Plane, rows: bool, columns: bool) -> Plane:
    row = np.arange(left.shape[0])[:, None] * rows
    column = np.arange(left.shape[1])[None, :] * columns
    from_left = (row + column) % 2 == 0
    shape = from_left.shape + (1,) * (left.ndim - 2)
    return np.where(from_left.reshape(shape), left, right)


_ARRANGE: dict[Mode, Callable[[Plane, Plane], Plane]] = {
    Mode.SBS: lambda left, right: np.hstack([left, right]),
    Mode.RGBD: lambda left, right: np.hstack([left, right]),
    Mode.CROSS_EYED: lambda left, right: np.hstack([right, left]),
    Mode.TOP_BOTTOM: lambda left, right: np.vstack([left, right]),
    Mode.HALF_SBS: lambda left, right: np.hstack([_half_width(left), _half_width(right)]),
    Mode.HALF_TOP_BOTTOM: lambda left, right: np.vstack([_half_height(left), _half_height(right)]),
    Mode.LEFT_ONLY: lambda left, right: left,
    Mode.RIGHT_ONLY: lambda left, right: right,
    Mode.ROW_INTERLACED: lambda left, right: _interlaced(left, right, True, False),
    Mode.COLUMN_INTERLACED: lambda left, right: _interlaced(left, right, False, True),
    Mode.CHECKERBOARD: lambda left, right: _interlaced(left, right, True, True),
}
