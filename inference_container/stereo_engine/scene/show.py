"""The demonstration scene: a colonnade at sunset, seen from a camera that wanders past it."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.scene.surfaces import Ball, Flat, Ground, Haze, Shadow, Surface
from stereo_engine.scene.texture import Pattern, Rgb, Texture, noise, painted, shape_alpha
from stereo_engine.scene.view import Canvas, Vector, View

THREADS = 2
OVERSAMPLING = 1.5
"""Drawn so much larger than asked, against jagged edges."""
EYE_HEIGHT_M = 1.5
AIR = Haze((250.0, 186.0, 150.0), 26.0)
SOLID = np.full((8, 8), 255, np.uint8)
MARBLE: tuple[Rgb, Rgb] = ((236.0, 226.0, 214.0), (176.0, 140.0, 128.0))
BALLS: Sequence[tuple[float, float, float, Rgb, Rgb, Pattern]] = (
    (-1.5, 4.6, 0.55, (214.0, 58.0, 62.0), (250.0, 236.0, 220.0), "stripes"),
    (1.15, 3.5, 0.38, (38.0, 120.0, 190.0), (240.0, 200.0, 80.0), "dots"),
    (0.1, 7.0, 0.80, (46.0, 150.0, 110.0), (230.0, 240.0, 210.0), "checks"),
    (3.1, 8.5, 0.70, (240.0, 170.0, 50.0), (120.0, 60.0, 130.0), "stripes"),
)
"""x, z and radius in metres, two colours, pattern."""
STARS: Sequence[tuple[float, float, float, Rgb]] = (
    (-0.45, -0.35, 2.6, (255.0, 214.0, 90.0)),
    (0.75, -0.75, 3.9, (255.0, 130.0, 130.0)),
    (-1.9, -1.1, 5.6, (150.0, 220.0, 255.0)),
)


def show_frames(
    count: int, rate: float, width: int, height: int, seed: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """`count` pictures uint8 RGB [H, W, 3] of the left eye."""
    stage = _Stage(np.random.default_rng(seed))
    drawn_size = round(width * OVERSAMPLING), round(height * OVERSAMPLING)

    def drawn(index: int) -> NDArray[np.uint8]:
        canvas = Canvas(View(*drawn_size, _camera(index / rate), samples=1))
        for surface in stage.surfaces(index / rate):
            surface.draw(canvas)
        smaller = cv2.resize(canvas.colour, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(smaller, np.uint8)

    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, count, 4 * THREADS):
            yield from pool.map(drawn, range(first, min(first + 4 * THREADS, count)))


def _camera(moment: float) -> Vector:
    sideways = -0.9 + 0.55 * moment + 0.10 * math.sin(1.7 * moment)
    return np.array([sideways, 0.04 * math.sin(2.3 * moment), 0.16 * moment])


class _Stage:
    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._still: list[Surface] = [self._sky(), *self._hills(), self._floor()]
        self._marble = painted(rng, 128, *MARBLE, "plain")
        self._balls = [painted(rng, 256, ball[3], ball[4], ball[5]) for ball in BALLS]
        gold = [(star[3], (255.0, 250.0, 235.0)) for star in STARS]
        self._stars = [painted(rng, 128, *colours, "plain") for colours in gold]
        self._star = shape_alpha("star", 256, rng)
        self._fence = self._foreground()

    def surfaces(self, moment: float) -> list[Surface]:
        """What there is at a moment; shadows before what throws them."""
        balls = self._rolling(moment)
        shadows: list[Surface] = []
        for ball in balls:
            under = np.array([ball.middle[0] + 0.15, EYE_HEIGHT_M, ball.middle[2] + 0.1])
            shadows.append(Shadow(under, ball.radius_m))
        columns = self._columns()
        for column in columns:
            under = np.array([column.middle[0] + 0.2, EYE_HEIGHT_M, column.middle[2]])
            shadows.append(Shadow(under, 0.45, 0.4))
        return [*self._still, *shadows, *columns, *balls, *self._swinging(moment), self._fence]

    def _sky(self) -> Flat:
        down = np.linspace(0.0, 1.0, 512, dtype=np.float32)[:, None, None]
        high, low = (np.array(c, np.float32) for c in ((66, 92, 168), (255, 190, 140)))
        clouds = np.clip(noise(self._rng, 512, 1.7)[:, :, None] - 0.55, 0, 1) * 260
        mix = np.clip(down * 2.1, 0, 1)
        picture = high * (1 - mix) + low * mix + clouds * np.array([1.0, 0.8, 0.75], np.float32)
        return _facing(0.0, -4.0, 90.0, 70.0, 40.0, Texture.of(picture), SOLID, Haze())

    def _hills(self) -> list[Flat]:
        made = []
        for depth, colour in ((60.0, (96.0, 84.0, 132.0)), (38.0, (70.0, 92.0, 96.0))):
            darker = (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.7)
            texture = painted(self._rng, 256, colour, darker, "plain")
            alpha = shape_alpha("hills", 512, self._rng)
            made.append(_facing(0.0, -1.0, depth, depth, 5.0, texture, alpha, AIR))
        return made

    def _floor(self) -> Ground:
        tiles = painted(self._rng, 512, (206.0, 178.0, 150.0), (112.0, 72.0, 78.0), "checks")
        return Ground(EYE_HEIGHT_M, tiles, 4.0, AIR)

    def _columns(self) -> list[Flat]:
        sides = ((x, z) for z in (18.0, 14.5, 11.0, 8.0, 5.5) for x in (-3.0, 4.2))
        return [_facing(x, -2.5, z, 0.22, 4.0, self._marble, SOLID, AIR) for x, z in sides]

    def _foreground(self) -> Flat:
        wood = painted(self._rng, 128, (150.0, 96.0, 60.0), (90.0, 54.0, 36.0), "planks")
        alpha = shape_alpha("fence", 256, self._rng)
        return _facing(-2.0, 1.12, 2.7, 0.7, 0.38, wood, alpha, AIR)

    def _rolling(self, moment: float) -> list[Ball]:
        made = []
        for number, ((x, z, radius, *_), texture) in enumerate(
            zip(BALLS, self._balls, strict=True)
        ):
            drift = 0.45 * math.sin(0.9 * moment + 1.9 * number)
            hop = 0.35 * abs(math.sin(2.2 * moment + number)) if number % 2 else 0.0
            middle = np.array([x + drift, EYE_HEIGHT_M - radius - hop, z])
            made.append(Ball(middle, radius, texture, drift / (2 * math.pi * radius), AIR))
        return made

    def _swinging(self, moment: float) -> list[Flat]:
        made = []
        for number, ((x, y, z, _), texture) in enumerate(zip(STARS, self._stars, strict=True)):
            lean = 0.5 * math.sin(1.4 * moment + number)
            half = 0.21
            across = half * np.array([math.cos(lean), 0.0, math.sin(lean)])
            bob = np.array([x, y + 0.06 * math.sin(2 * moment + number), z])
            made.append(Flat(bob, across, np.array([0.0, half, 0.0]), texture, self._star, AIR))
        return made


def _facing(
    x: float,
    y: float,
    z: float,
    half_width: float,
    half_height: float,
    texture: Texture,
    alpha: NDArray[np.uint8],
    haze: Haze,
) -> Flat:
    middle = np.array([x, y, z])
    axes = np.array([half_width, 0.0, 0.0]), np.array([0.0, half_height, 0.0])
    return Flat(middle, *axes, texture, alpha, haze)
