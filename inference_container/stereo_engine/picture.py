"""One eye as three planes, and the same planes as an av frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from stereo_engine.colour import Colour
from stereo_engine.splat.fixed import Plane


@dataclass(frozen=True)
class Picture:
    """Planar 4:2:0: Y uint8 or uint16 [H, W], U and V [H/2, W/2]; H and W even."""

    planes: tuple[Plane, Plane, Plane]
    colour: Colour

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.planes[0].shape
        return width, height

    def to_frame(self) -> av.VideoFrame:
        """Copy into an av frame."""
        frame = blank(*self.size, self.planes[0].dtype.itemsize)
        for plane, view in zip(self.planes, views(frame), strict=True):
            view[:] = plane
        return self.colour.tag(frame)

    def to_rgb(self) -> NDArray[np.uint8]:
        """As uint8 RGB [H, W, 3] of full range."""
        rgb = self.to_frame().reformat(
            format="rgb24",
            src_colorspace=self.colour.matrix,
            src_color_range=self.colour.range,
            dst_color_range=2,
        )
        return rgb.to_ndarray().astype(np.uint8, copy=False)


def of_rgb(rgb: NDArray[np.uint8], colour: Colour, pix_fmt: str = "yuv420p") -> Picture:
    """Planes of an RGB picture [H, W, 3] of even size, in the matrix and range of `colour`."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    planar = frame.reformat(
        format=pix_fmt,
        dst_colorspace=colour.matrix,
        src_color_range=2,
        dst_color_range=colour.range,
    )
    return Picture(views(planar), colour)


def blank(width: int, height: int, sample_bytes: int = 1) -> av.VideoFrame:
    """An av frame with writable, uninitialised planes."""
    return av.VideoFrame(width, height, "yuv420p" if sample_bytes == 1 else "yuv420p10le")


def views(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """The planes of a planar 4:2:0 frame as arrays on its own memory."""
    kind: np.dtype[Any] = np.dtype(np.uint16 if "10le" in frame.format.name else np.uint8)
    arrays: list[Plane] = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
        arrays.append(rows[: plane.height, : plane.width])
    y, u, v = arrays
    return y, u, v


def padded(planes: Sequence[Plane]) -> tuple[Plane, Plane, Plane]:
    """The planes with odd sizes made even by repeating the last row or column."""
    y, u, v = planes
    rows, columns = y.shape[0] % 2, y.shape[1] % 2
    if rows or columns:
        y = np.pad(y, ((0, rows), (0, columns)), mode="edge")
    return y, u, v


def turned(planes: Sequence[Plane], quarter_turns: int) -> tuple[Plane, Plane, Plane]:
    """The planes turned counterclockwise."""
    y, u, v = (np.ascontiguousarray(np.rot90(plane, quarter_turns)) for plane in planes)
    return y, u, v
