"""Where a picture is taken from, and the buffer it is drawn into, nearest surface first."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A pinhole camera that looks along +z; x to the right, y down, metres."""

    width: int
    height: int
    position: Vector
    shift_px: float = 0.0
    """How far the picture is moved to the right, to put a depth on the screen."""
    samples: int = 3
    """Samples across one pixel; odd keeps one in the middle of the pixel."""

    @property
    def focal(self) -> float:
        """Focal length in pixels: as wide as the picture, 53 degrees."""
        return float(self.width)

    @property
    def columns(self) -> NDArray[np.float32]:
        """X / z of every sample column."""
        x = (np.arange(self.width * self.samples) + 0.5) / self.samples - 0.5
        middle = (self.width - 1) / 2 + self.shift_px
        return np.asarray((x - middle) / self.focal, np.float32)

    @property
    def rows(self) -> NDArray[np.float32]:
        """Y / z of every sample row."""
        y = (np.arange(self.height * self.samples) + 0.5) / self.samples - 0.5
        return np.asarray((y - (self.height - 1) / 2) / self.focal, np.float32)

    def sample_of(self, point: Vector) -> tuple[float, float]:
        """Sample column and row at which a point before the camera is seen."""
        x, y, z = point - self.position
        column = (self.width - 1) / 2 + self.shift_px + self.focal * x / z
        row = (self.height - 1) / 2 + self.focal * y / z
        return (column + 0.5) * self.samples - 0.5, (row + 0.5) * self.samples - 0.5


@dataclass
class Canvas:
    """Colour and inverse depth of every sample of a view."""

    view: View
    colour: NDArray[np.uint8] = field(init=False)
    """uint8 [SH, SW, 3]"""
    inverse_depth: NDArray[np.float32] = field(init=False)
    """float32 [SH, SW], 1/m; 0 where nothing was drawn yet."""

    def __post_init__(self) -> None:
        size = self.view.height * self.view.samples, self.view.width * self.view.samples
        self.colour = np.zeros((*size, 3), np.uint8)
        self.inverse_depth = np.zeros(size, np.float32)

    def draw(
        self,
        box: tuple[slice, slice],
        inverse_depth: NDArray[np.float32],
        colour: NDArray[np.uint8],
        inside: NDArray[np.bool_],
    ) -> None:
        """Put a patch where it is nearer than what is there."""
        known = self.inverse_depth[box]
        seen = inside & (inverse_depth > known)
        mask = seen.view(np.uint8)
        cv2.copyTo(inverse_depth, mask, known)
        cv2.copyTo(colour, mask, self.colour[box])

    def darken(self, box: tuple[slice, slice], light: NDArray[np.float32]) -> None:
        """Multiply what is there by `light` [h, w] in 0..1: a shadow."""
        part = self.colour[box]
        part[:] = cv2.multiply(part, cv2.merge([light] * 3), dtype=cv2.CV_8U)

    def picture(self) -> NDArray[np.uint8]:
        """uint8 [H, W, 3], every pixel the mean of its samples."""
        size = self.view.width, self.view.height
        return np.asarray(cv2.resize(self.colour, size, interpolation=cv2.INTER_AREA), np.uint8)

    def pixel_inverse_depth(self) -> NDArray[np.float32]:
        """float32 [H, W] at the middle of every pixel."""
        step, first = self.view.samples, self.view.samples // 2
        return np.ascontiguousarray(self.inverse_depth[first::step, first::step])
