"""The forward warp: one eye from the other, holes filled from the far side.

Each row is painted in rising x. For a right view that order is far to near wherever two source
pixels land together, so the nearer one wins without a z-buffer, a sort or an atomic. Only the
source column is remembered (256 steps a pixel); pictures are sampled afterwards. A surface covers
its last pixel in part, and what is under it shows through there. A hole continues its far side,
which for a right view is always the right one; where `fill` is `blend` it also takes in the rows
above and below of the same layer. All arithmetic is integer, so every backend gives the same bytes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stereo_engine.splat.fixed import Plane, finite_disparity

__all__ = ["FILLS", "backends", "finite_disparity", "left_view", "right_view", "warp_planes"]

FILLS = ("extend", "blend")
"""What a hole shows: its far side continued, or that blended with its layer above and below."""
_MODULES = {"numba": "compiled", "numpy": "reference", "torch": "tensors"}


@lru_cache(maxsize=1)
def backends() -> tuple[str, ...]:
    """The names of the backends that work here; `auto` takes the first one."""
    return tuple(name for name in _MODULES if find_spec(name))


def right_view(
    left: NDArray[np.uint8],
    disparity_px: NDArray[np.float32],
    *,
    backend: str = "auto",
    fill: str = "extend",
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """What the right eye sees, given the left eye's picture and its disparity.

    Args:
        left: uint8 [H, W, 3].
        disparity_px: float32 [H, W], x_left - x_right, positive in front of the screen. NaN and
            infinity count as the farthest finite disparity.
        backend: `auto`, or one of `backends()`.
        fill: one of `FILLS`.

    Returns:
        The right picture uint8 [H, W, 3], and bool [H, W] where it shows what `left` does not.
    """
    disparity, _ = finite_disparity(disparity_px)
    right = np.empty_like(left)
    hidden = np.empty(disparity.shape, np.uint8)
    source = np.ascontiguousarray(left)
    _kernel(backend).warp_picture(disparity, source, right, hidden, _blends(fill))
    return right, hidden.view(np.bool_)


def left_view(
    right: NDArray[np.uint8],
    disparity_px: NDArray[np.float32],
    *,
    backend: str = "auto",
    fill: str = "extend",
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The mirror of `right_view`: the left eye from the right eye and its disparity."""
    picture, hidden = right_view(right[:, ::-1], disparity_px[:, ::-1], backend=backend, fill=fill)
    return np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(hidden[:, ::-1])


def warp_planes(
    planes: Sequence[Plane],
    disparity: NDArray[np.float32],
    out: Sequence[Plane],
    *,
    backend: str = "auto",
    fill: str = "extend",
) -> int:
    """Warp planar 4:2:0 into `out`, which may be views into a larger picture.

    Args:
        planes: Y [H, W], U and V [H/2, W/2], uint8 or uint16; H and W even.
        disparity: float32 [H, W] in px, finite.
        out: three planes of the same shapes and type.
        backend: `auto`, or one of `backends()`.
        fill: one of `FILLS`.

    Returns:
        How many luma pixels were hidden in the source.
    """
    warp: Callable[..., int] = _kernel(backend).warp_planes
    return int(warp(disparity, tuple(planes), tuple(out), _blends(fill)))


def _kernel(backend: str) -> Any:
    """The module of a backend, loaded when it is first needed, for that takes a second."""
    known = backends()
    if backend not in ("auto", *known):
        raise ValueError(f"no such backend: {backend}; here: {', '.join(known)}")
    name = known[0] if backend == "auto" else backend
    return import_module(f"{__name__}.{_MODULES[name]}")


def _blends(fill: str) -> bool:
    if fill not in FILLS:
        raise ValueError(f"no such fill: {fill}; known: {', '.join(FILLS)}")
    return fill == "blend"
