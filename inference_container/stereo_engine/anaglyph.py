"""Pictures for coloured glasses: out = clip(ML @ left + MR @ right), by the method's author."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Rows = tuple[tuple[float, float, float], ...]

NONE = (0.0, 0.0, 0.0)
LUMA = (0.299, 0.587, 0.114)
RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

METHODS: dict[str, tuple[Rows, Rows]] = {
    "gray": ((LUMA, NONE, NONE), (NONE, LUMA, LUMA)),
    "color": ((RED, NONE, NONE), (NONE, GREEN, BLUE)),
    "half_color": ((LUMA, NONE, NONE), (NONE, GREEN, BLUE)),
    "true": ((LUMA, NONE, NONE), (NONE, NONE, LUMA)),
    "wimmer": (((0.0, 0.7, 0.3), NONE, NONE), (NONE, GREEN, BLUE)),
    "dubois": (
        ((0.456, 0.500, 0.176), (-0.040, -0.038, -0.016), (-0.015, -0.021, -0.005)),
        ((-0.043, -0.088, -0.002), (0.378, 0.734, -0.018), (-0.072, -0.113, 1.226)),
    ),
    "dubois_lcd": (
        ((0.437, 0.449, 0.164), (-0.062, -0.062, -0.024), (-0.048, -0.050, -0.017)),
        ((-0.011, -0.032, -0.007), (0.377, 0.761, 0.009), (-0.026, -0.093, 1.234)),
    ),
    "gm_gray": ((NONE, LUMA, NONE), (LUMA, NONE, LUMA)),
    "gm_half_color": ((NONE, LUMA, NONE), (RED, NONE, BLUE)),
    "gm_color": ((NONE, GREEN, NONE), (RED, NONE, BLUE)),
    "gm_dubois": (
        ((-0.062, -0.158, -0.039), (0.284, 0.668, 0.143), (-0.015, -0.027, 0.021)),
        ((0.529, 0.705, 0.024), (-0.016, -0.015, -0.065), (0.009, 0.075, 0.937)),
    ),
    "yb_gray": ((LUMA, LUMA, NONE), (NONE, NONE, LUMA)),
    "yb_half_color": ((RED, GREEN, NONE), (NONE, NONE, LUMA)),
    "yb_color": ((RED, GREEN, NONE), (NONE, NONE, BLUE)),
    "yb_dubois": (
        ((1.062, -0.205, 0.299), (-0.026, 0.908, 0.068), (-0.038, -0.173, 0.022)),
        ((-0.016, -0.123, -0.017), (0.006, 0.062, -0.017), (0.094, 0.185, 0.910)),
    ),
}
"""Rows give R, G, B of the result. For red/cyan glasses, `gm_` for green/magenta and `yb_` for
yellow/blue ones; the first named filter is before the left eye."""
LINEAR_LIGHT = ("dubois_lcd",)
"""Methods fitted to light itself rather than to gamma-coded values."""


def mix(
    left: NDArray[np.uint8], right: NDArray[np.uint8], method: str = "dubois"
) -> NDArray[np.uint8]:
    """Mix two eyes, uint8 RGB [H, W, 3], for coloured glasses."""
    if method not in METHODS:
        raise ValueError(f"no such anaglyph method: {method}; known: {', '.join(METHODS)}")
    from_left, from_right = (np.array(rows, np.float32).T for rows in METHODS[method])
    if method in LINEAR_LIGHT:
        light = _to_light()
        mixed = light[left] @ from_left + light[right] @ from_right
        return _from_light()[(np.clip(mixed, 0.0, 1.0) * 4095.0 + 0.5).astype(np.uint16)]
    mixed = left.astype(np.float32) @ from_left + right.astype(np.float32) @ from_right
    return (np.clip(mixed, 0.0, 255.0) + 0.5).astype(np.uint8)


@lru_cache(maxsize=1)
def _to_light() -> NDArray[np.float32]:
    code = np.arange(256) / 255.0
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _from_light() -> NDArray[np.uint8]:
    light = np.linspace(0.0, 1.0, 4096)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(code * 255.0).astype(np.uint8)
