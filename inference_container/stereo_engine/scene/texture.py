"""Procedural textures that tile, and outlines of flat things."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.uint8]
"""uint8 [S, S]: 255 inside, 0 outside."""
Rgb = tuple[float, float, float]
Pattern = Literal["plain", "checks", "stripes", "dots", "bricks", "planks"]
Shape = Literal["board", "ellipse", "star", "fence", "hills"]

PATTERNS: tuple[Pattern, ...] = ("checks", "stripes", "dots", "bricks", "planks")


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture uint8 RGB [S, S, 3] and its smaller versions, each half as large."""

    levels: tuple[NDArray[np.uint8], ...]

    @classmethod
    def of(cls, picture: NDArray[np.float32]) -> Self:
        """Make the smaller versions."""
        levels = [np.clip(picture, 0, 255).astype(np.uint8)]
        while levels[-1].shape[0] > 4:
            half = levels[-1].shape[0] // 2
            smaller = cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(smaller, np.uint8))
        return cls(tuple(levels))

    @property
    def size(self) -> int:
        """Samples across the largest version."""
        return int(self.levels[0].shape[0])

    def level(self, number: int) -> NDArray[np.uint8]:
        """The version `number` halvings down."""
        return self.levels[min(max(number, 0), len(self.levels) - 1)]


def noise(rng: np.random.Generator, size: int, slope: float = 1.4) -> NDArray[np.float32]:
    """Cloudy noise [S, S] in 0..1 that tiles; a steeper slope is smoother."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / frequency**slope
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (size, size))
    return np.asarray(np.clip(0.5 + field / (5.0 * field.std()), 0.0, 1.0), np.float32)


def painted(
    rng: np.random.Generator, size: int, first: Rgb, second: Rgb, pattern: Pattern
) -> Texture:
    """Two colours in a pattern, roughened by noise, so that every part can be matched."""
    mix = _pattern(pattern, size)[:, :, None]
    colour = np.array(first, np.float32) * (1 - mix) + np.array(second, np.float32) * mix
    rough = 0.72 + 0.56 * noise(rng, size)[:, :, None]
    grain = rng.normal(0.0, 4.0, (size, size, 1)).astype(np.float32)
    return Texture.of(np.asarray(colour * rough + grain, np.float32))


def shape_alpha(shape: Shape, size: int, rng: np.random.Generator) -> Alpha:
    """The outline of a flat thing."""
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    outlines: dict[Shape, Callable[[], NDArray[Any]]] = {
        "board": lambda: np.maximum(np.abs(x), np.abs(y)) < 0.98,
        "ellipse": lambda: x**2 + y**2 < 0.96,
        "star": lambda: np.hypot(x, y) < 0.62 + 0.33 * np.cos(5 * np.arctan2(x, -y)),
        "fence": lambda: ((x * 3.5 + 0.25) % 1.0 < 0.42) | (np.abs(np.abs(y) - 0.6) < 0.1),
        "hills": lambda: y > 0.9 * noise(rng, size, 2.2)[0][None, :] - 0.6,
    }
    return np.asarray(outlines[shape](), np.uint8) * np.uint8(255)


def _pattern(pattern: Pattern, size: int) -> NDArray[np.float32]:
    axis = np.arange(size, dtype=np.float32) / size
    x, y = np.meshgrid(axis, axis)
    brick_row = np.floor(y * 8)
    patterns: dict[Pattern, Callable[[], NDArray[Any]]] = {
        "plain": lambda: np.zeros_like(x),
        "checks": lambda: (np.floor(x * 4) + np.floor(y * 4)) % 2,
        "stripes": lambda: np.floor((x + y) * 6) % 2,
        "dots": lambda: np.hypot((x * 5) % 1 - 0.5, (y * 5) % 1 - 0.5) < 0.3,
        "bricks": lambda: ((x * 4 + 0.5 * (brick_row % 2)) % 1 < 0.08) | ((y * 8) % 1 < 0.12),
        "planks": lambda: (x * 6) % 1 < 0.07,
    }
    return np.asarray(patterns[pattern](), np.float32)
