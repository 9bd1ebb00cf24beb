"""The things a scene is made of: endless planes, flat cut-outs, balls."""

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.scene.texture import Alpha, Rgb, Texture
from stereo_engine.scene.view import Canvas, Vector, View

Box = tuple[slice, slice]
Coordinates = NDArray[np.floating[Any]]


class Surface(Protocol):
    """Anything that can be drawn."""

    def draw(self, canvas: Canvas) -> None:
        """Draw onto a canvas."""
        ...


@dataclass(frozen=True)
class Haze:
    """Air that swallows far things: colour, and the depth in metres where 63 % is gone."""

    colour: Rgb = (200.0, 210.0, 225.0)
    depth_m: float = 1e9

    def over(
        self, colour: NDArray[np.uint8], inverse_depth: NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """The colours [h, w, 3] of things at these depths, seen through the air."""
        if self.depth_m > 1e6:
            return colour
        distance = 1.0 / np.maximum(inverse_depth, np.float32(1e-6))
        clear = np.asarray(256 * np.exp(-distance / np.float32(self.depth_m)), np.uint16)
        air = np.array(self.colour, np.uint16) * (256 - clear[:, :, None])
        return np.asarray((colour * clear[:, :, None] + air) >> 8, np.uint8)

    def before(self, colour: NDArray[np.uint8], distance_m: float) -> NDArray[np.uint8]:
        """The colours [h, w, 3] of one thing at a distance, seen through the air."""
        if self.depth_m > 1e6:
            return colour
        clear = np.exp(-distance_m / self.depth_m)
        shades = np.arange(256)[:, None] * clear + np.array(self.colour) * (1 - clear)
        return np.asarray(cv2.LUT(colour, shades.astype(np.uint8)[:, None, :]), np.uint8)


CLEAR = Haze()


@dataclass(frozen=True, eq=False)
class Ground:
    """The plane y = height, tiled with a texture of `tile_m` metres."""

    height_m: float
    texture: Texture
    tile_m: float
    haze: Haze = CLEAR

    def draw(self, canvas: Canvas) -> None:
        """Draw band by band, each with the texture as coarse as the band is far."""
        view = canvas.view
        below = self.height_m - view.position[1]
        inverse = view.rows / np.float32(below)
        for first, last, level in _bands(inverse, view, self.texture.size / self.tile_m):
            depth = 1.0 / inverse[first:last]
            across = view.position[0] + view.columns[None, :] * depth[:, None]
            away = np.broadcast_to((view.position[2] + depth)[:, None], across.shape)
            texture = self.texture.level(level)
            colour = _tiled(texture, across / self.tile_m, away / self.tile_m)
            colour = self.haze.over(colour, inverse[first:last, None])
            box = slice(first, last), slice(0, canvas.colour.shape[1])
            rows = np.broadcast_to(inverse[first:last, None], across.shape)
            canvas.draw(box, rows, colour, np.ones(across.shape, np.bool_))


@dataclass(frozen=True, eq=False)
class Flat:
    """A flat thing: a point, two half axes, a texture and an outline."""

    middle: Vector
    across: Vector
    down: Vector
    texture: Texture
    alpha: Alpha
    haze: Haze = CLEAR

    def draw(self, canvas: Canvas) -> None:
        """Draw where the outline is, by the homography of the plane."""
        view = canvas.view
        box = _box([self.middle + i * self.across + j * self.down for i, j in _CORNERS], view)
        if box is None:
            return
        matrix = self._to_plane(view, box)
        far = float(self.middle[2] - view.position[2])
        span = 2 * view.focal * view.samples * float(np.linalg.norm(self.across)) / far
        picture = self.haze.before(self.texture.level(_level(self.texture.size / span)), far)
        cut = _stretched(self.alpha, matrix, box, cv2.BORDER_CONSTANT)
        colour = _stretched(picture, matrix, box, cv2.BORDER_REPLICATE)
        canvas.draw(box, _affine(matrix[2], box), colour, cut > 127)

    def _to_plane(self, view: View, box: Box) -> NDArray[np.float64]:
        """From sample column and row in the box to (a, b, 1) / depth of the plane."""
        step = 1.0 / (view.focal * view.samples)
        x, y = float(view.columns[box[1].start]), float(view.rows[box[0].start])
        ray = np.array([[step, 0.0, x], [0.0, step, y], [0.0, 0.0, 1.0]])
        axes = np.stack([self.across, self.down, self.middle - view.position], axis=1)
        return np.asarray(np.linalg.inv(axes) @ ray)


@dataclass(frozen=True, eq=False)
class Ball:
    """A lit ball with its texture wrapped round it."""

    middle: Vector
    radius_m: float
    texture: Texture
    turn: float = 0.0
    haze: Haze = CLEAR

    def draw(self, canvas: Canvas) -> None:
        """Draw by ray and sphere."""
        view = canvas.view
        r = self.radius_m
        box = _box([self.middle + r * np.array([*ij, k]) for ij in _CORNERS for k in (-1, 1)], view)
        if box is None:
            return
        x, y = view.columns[box[1]][None, :], view.rows[box[0]][:, None]
        centre = (self.middle - view.position).astype(np.float32)
        length = x * x + y * y + 1
        along = x * centre[0] + y * centre[1] + centre[2]
        under = along * along - length * np.float32(centre @ centre - r * r)
        inside = under > 0
        depth = (along - np.sqrt(np.maximum(under, 0))) / length
        normal = np.stack([x * depth, y * depth, depth + 0 * x], axis=-1) - centre
        normal /= np.float32(r)
        inverse = np.where(inside, 1 / np.maximum(depth, np.float32(1e-3)), 0).astype(np.float32)
        far = float(centre[2])
        canvas.draw(box, inverse, self.haze.before(self._lit(normal), far), inside)

    def _lit(self, normal: NDArray[np.float32]) -> NDArray[np.uint8]:
        longitude = np.arctan2(normal[:, :, 0], -normal[:, :, 2]) / (2 * np.pi) + self.turn
        latitude = normal[:, :, 1] * 0.5 + 0.5
        base = _tiled(self.texture.level(1), longitude, latitude)
        facing = np.clip(normal @ np.array([-0.5, -0.7, -0.5], np.float32), 0, 1)[:, :, None]
        return np.asarray(
            np.clip(base * (0.45 + 0.65 * facing) + 150 * facing**24, 0, 255), np.uint8
        )


@dataclass(frozen=True, eq=False)
class Shadow:
    """A soft dark spot on the ground; draw it after the ground, before what throws it."""

    middle: Vector
    radius_m: float
    depth: float = 0.55

    def draw(self, canvas: Canvas) -> None:
        """Darken the ground around the spot."""
        view = canvas.view
        r = 1.6 * self.radius_m
        corners = [self.middle + r * np.array([i, 0.0, j]) for i, j in _CORNERS]
        box = _box(corners, view)
        if box is None:
            return
        rows = view.rows[box[0]][:, None]
        depth = np.float32(self.middle[1] - view.position[1]) / np.maximum(rows, np.float32(1e-4))
        x = view.position[0] + view.columns[box[1]][None, :] * depth - self.middle[0]
        z = view.position[2] + depth - self.middle[2]
        spot = np.exp(-2.0 * (x * x + z * z) / self.radius_m**2)
        canvas.darken(box, np.asarray(1 - self.depth * spot, np.float32))


_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def _box(corners: list[Vector], view: View) -> Box | None:
    if any(corner[2] - view.position[2] < 0.05 for corner in corners):
        return None
    x, y = np.array([view.sample_of(corner) for corner in corners]).T
    across, down = view.width * view.samples, view.height * view.samples
    left, right = max(int(x.min()) - 1, 0), min(int(x.max()) + 2, across)
    top, bottom = max(int(y.min()) - 1, 0), min(int(y.max()) + 2, down)
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def _affine(row: NDArray[np.float64], box: Box) -> NDArray[np.float32]:
    across = np.arange(box[1].stop - box[1].start, dtype=np.float32) * np.float32(row[0])
    down = np.arange(box[0].stop - box[0].start, dtype=np.float32) * np.float32(row[1])
    return across[None, :] + (down + np.float32(row[2]))[:, None]


def _bands(
    inverse: NDArray[np.float32], view: View, texels_per_m: float
) -> list[tuple[int, int, int]]:
    visible = np.flatnonzero(inverse > 1 / 400.0)
    if not visible.size:
        return []
    ratio = texels_per_m / (inverse[visible] * view.focal * view.samples)
    levels = np.array([_level(float(value)) for value in ratio])
    edges = np.flatnonzero(np.diff(levels)) + 1
    starts, ends = [0, *edges], [*edges, len(levels)]
    first = int(visible[0])
    return [
        (first + int(a), first + int(b), int(levels[a])) for a, b in zip(starts, ends, strict=True)
    ]


def _level(texels_per_sample: float) -> int:
    return max(0, int(np.floor(np.log2(max(texels_per_sample, 1.0)) + 0.5)))


def _stretched(
    texture: NDArray[np.uint8], matrix: NDArray[np.float64], box: Box, border: int
) -> NDArray[np.uint8]:
    half = texture.shape[0] / 2
    to_texture = np.array([[half, 0.0, half - 0.5], [0.0, half, half - 0.5], [0.0, 0.0, 1.0]])
    size = box[1].stop - box[1].start, box[0].stop - box[0].start
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpPerspective(texture, to_texture @ matrix, size, flags=flags, borderMode=border)
    return np.asarray(drawn, np.uint8)


def _tiled(texture: NDArray[np.uint8], u: Coordinates, v: Coordinates) -> NDArray[np.uint8]:
    size = np.float32(texture.shape[0])
    x, y = (np.asarray(part * size, np.float32) for part in (u, v))
    tiled = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(tiled, np.uint8)
