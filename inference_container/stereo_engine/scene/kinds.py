"""Random scenes by kind and seed, as functions of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stereo_engine.scene.surfaces import CLEAR, Ball, Flat, Ground, Haze, Surface
from stereo_engine.scene.texture import PATTERNS, Rgb, Shape, Texture, painted, shape_alpha
from stereo_engine.scene.view import Vector

WALL_M, EYE_HEIGHT_M = 30.0, 1.5
NEAREST_M = 2.0
TEXTURE_SIZE = 256
KINDS = (
    *("cam", "obj", "both", "still", "forward"),
    *("cam_no_ground", "obj_no_ground", "still_no_ground", "haze_no_ground"),
)
"""Camera travels sideways, things move, both, nothing moves, camera travels ahead (things move);
with textured ground unless the name says otherwise; haze: far things fade."""
THINGS: tuple[Shape | str, ...] = ("board", "ellipse", "star", "fence", "ball")


@dataclass(frozen=True)
class Look:
    """How contrasty the textures are and how fast things go; ranges are in metres a frame."""

    contrast: float = 0.6
    """How far the second colour of a pattern is from the first: 0 the same, 1 any other."""
    sideways_m: tuple[float, float] = (0.015, 0.035)
    ahead_m: tuple[float, float] = (0.025, 0.05)
    things_m: tuple[float, float] = (0.008, 0.03)


CALM = Look()
HARSH = Look(1.0, (0.03, 0.06), (0.05, 0.09), (0.01, 0.05))
"""About twice as fast, with textures of any two colours."""


@dataclass(frozen=True)
class Thing:
    """Something that stands or floats at a place and may move."""

    surface: Flat | Ball
    speed: Vector

    def at(self, frame: int) -> Surface:
        """Where it is at a frame."""
        return replace(self.surface, middle=self.surface.middle + self.speed * frame)


@dataclass(frozen=True)
class World:
    """A scene over time: what there is at each frame, and where the camera stands."""

    fixed: Sequence[Surface]
    things: Sequence[Thing]
    travel: Vector

    def surfaces(self, frame: int) -> list[Surface]:
        """All that can be seen at a frame, far things first."""
        return [*self.fixed, *(thing.at(frame) for thing in self.things)]

    def position(self, frame: int) -> Vector:
        """The left eye at a frame."""
        return self.travel * frame


def world(kind: str, seed: int, look: Look = CALM) -> World:
    """The scene of a kind and a seed."""
    if kind not in KINDS:
        raise ValueError(f"no such kind of scene: {kind}; known: {', '.join(KINDS)}")
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    grounded = not kind.endswith("_no_ground")
    haze = Haze(depth_m=14.0) if kind.startswith("haze") else CLEAR
    movers = kind in ("obj", "both", "forward", "obj_no_ground")
    fixed: list[Surface] = [_wall(rng, haze, look)]
    if grounded:
        fixed.append(Ground(EYE_HEIGHT_M, _texture(rng, look), 4.0, haze))
    makers: list[Callable[[], Flat | Ball]] = [
        lambda shape=shape: _thing(rng, shape, grounded, haze, look)  # type: ignore[misc]
        for shape in (*THINGS, *rng.choice(THINGS, 4))
    ]
    things = [Thing(make(), _speed(rng, movers, look)) for make in makers]
    things.append(Thing(_post(rng, haze, look), _speed(rng, movers, look)))
    return World(fixed, things, _travel(kind, rng, look))


def _travel(kind: str, rng: np.random.Generator, look: Look) -> Vector:
    if kind.startswith(("cam", "both")):
        return np.array([rng.choice([-1.0, 1.0]) * rng.uniform(*look.sideways_m), 0.0, 0.0])
    if kind == "forward":
        return np.array([0.0, 0.0, rng.uniform(*look.ahead_m)])
    return np.zeros(3)


def _speed(rng: np.random.Generator, moves: bool, look: Look) -> Vector:
    if not moves or rng.random() < 0.3:
        return np.zeros(3)
    return np.array([rng.choice([-1.0, 1.0]) * rng.uniform(*look.things_m), 0.0, 0.0])


def _wall(rng: np.random.Generator, haze: Haze, look: Look) -> Flat:
    half = np.array([WALL_M, 0.0, 0.0]), np.array([0.0, WALL_M, 0.0])
    alpha = np.full((8, 8), 255, np.uint8)
    middle = np.array([0.0, 0.0, WALL_M])
    return Flat(middle, *half, _texture(rng, look, 1024, "bricks"), alpha, haze)


def _thing(
    rng: np.random.Generator, shape: str, grounded: bool, haze: Haze, look: Look
) -> Flat | Ball:
    depth = float(np.exp(rng.uniform(np.log(3.0), np.log(20.0))))
    half = float(rng.uniform(0.25, 0.8)) * (0.6 + 0.06 * depth)
    x = float(rng.uniform(-0.48, 0.48)) * depth
    y = EYE_HEIGHT_M - half if grounded else float(rng.uniform(-0.24, 0.24)) * depth
    middle = np.array([x, y, depth])
    if shape == "ball":
        return Ball(middle, half, _texture(rng, look), float(rng.random()), haze)
    slant = float(rng.uniform(-0.7, 0.7))
    across = half * np.array([np.cos(slant), 0.0, np.sin(slant)])
    alpha = shape_alpha(shape, TEXTURE_SIZE, rng)  # type: ignore[arg-type]
    return Flat(middle, across, np.array([0.0, half, 0.0]), _texture(rng, look), alpha, haze)


def _post(rng: np.random.Generator, haze: Haze, look: Look) -> Flat:
    depth = float(rng.uniform(NEAREST_M + 0.2, 3.0))
    middle = np.array([float(rng.uniform(-0.3, 0.3)) * depth, 0.0, depth])
    axes = np.array([0.018, 0.0, 0.0]), np.array([0.0, EYE_HEIGHT_M, 0.0])
    return Flat(middle, *axes, _texture(rng, look, 64), np.full((8, 8), 255, np.uint8), haze)


def _texture(
    rng: np.random.Generator, look: Look, size: int = TEXTURE_SIZE, pattern: str | None = None
) -> Texture:
    chosen = pattern or str(rng.choice(PATTERNS))
    first, other = _colour(rng), _colour(rng)
    mix = look.contrast
    second = tuple((1 - mix) * a + mix * b for a, b in zip(first, other, strict=True))
    return painted(rng, size, first, second, chosen)  # type: ignore[arg-type]


def _colour(rng: np.random.Generator) -> Rgb:
    red, green, blue = rng.uniform(40.0, 230.0, 3)
    return float(red), float(green), float(blue)
