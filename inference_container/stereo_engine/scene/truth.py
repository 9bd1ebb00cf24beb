"""Frames with everything known: both eyes, their disparity, and what each pixel is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stereo_engine.scene.kinds import CALM, NEAREST_M, WALL_M, Look, World, world
from stereo_engine.scene.view import Canvas, View

__all__ = ["TruthFrame", "render"]

BUDGET_PCT = 3.0
"""Disparity of the nearest depth minus that of the wall, percent of width."""
EYE_DISTANCE_M = BUDGET_PCT / 100.0 / (1.0 / NEAREST_M - 1.0 / WALL_M)
SCREEN_INVERSE_M = (1.0 / NEAREST_M + 1.0 / WALL_M) / 2.0
"""Inverse depth that lies on the screen: the middle of the budget."""
HIDDEN_PX = 0.75
"""What the left eye sees this much nearer hides what the right eye sees there."""


@dataclass(frozen=True)
class TruthFrame:
    """One frame: pictures uint8 [H, W, 3], disparity float32 [H, W] in px, masks bool [H, W]."""

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    disparity: NDArray[np.float32]
    """Of the left picture; positive in front of the screen."""
    right_disparity: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    """Of the right picture: hidden from the left eye by something nearer."""
    outside: NDArray[np.bool_]
    """Of the right picture: beyond the left picture's border."""

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Of the right picture: seen by the left eye too."""
        return ~(self.hidden | self.outside)


def render(
    kind: str,
    seed: int,
    frames: int,
    width: int = 640,
    height: int = 360,
    samples: int = 3,
    look: Look = CALM,
) -> Iterator[TruthFrame]:
    """Frames of the scene of a `kind` (see `kinds.KINDS`) and a seed; the same ones every time."""
    scene = world(kind, seed, look)
    for frame in range(frames):
        yield _truth(scene, frame, width, height, samples)


def _truth(scene: World, frame: int, width: int, height: int, samples: int) -> TruthFrame:
    position = scene.position(frame)
    beside = position + np.array([EYE_DISTANCE_M, 0.0, 0.0])
    screen_px = width * EYE_DISTANCE_M * SCREEN_INVERSE_M
    left = _drawn(scene, frame, View(width, height, position, 0.0, samples))
    right = _drawn(scene, frame, View(width, height, beside, screen_px, samples))
    disparity, right_disparity = (
        np.asarray(width * EYE_DISTANCE_M * eye.pixel_inverse_depth() - screen_px, np.float32)
        for eye in (left, right)
    )
    hidden, outside = _unseen(disparity, right_disparity)
    return TruthFrame(left.picture(), right.picture(), disparity, right_disparity, hidden, outside)


def _drawn(scene: World, frame: int, view: View) -> Canvas:
    canvas = Canvas(view)
    for surface in scene.surfaces(frame):
        surface.draw(canvas)
    return canvas


def _unseen(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    width = left.shape[1]
    column = np.arange(width, dtype=np.float32) + right
    outside = (column < 0) | (column > width - 1)
    near = np.clip(np.round(column).astype(np.int64), 0, width - 1)
    over = np.take_along_axis(left, near, axis=1) - right
    return (over > HIDDEN_PX) & ~outside, outside
