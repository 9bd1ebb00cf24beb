"""The makers of the second eye for the tiers `fast` and `quality`."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

import numpy as np

from stereo_engine.ahead import ahead
from stereo_engine.depth import DepthMap
from stereo_engine.depth.depth_anything import DepthAnything
from stereo_engine.depth.depthcrafter import DepthCrafter
from stereo_engine.depth.model import Estimator, ModelDepth, Rgb
from stereo_engine.depth_files import DepthFolder
from stereo_engine.diffusion.modules import FrameNoise
from stereo_engine.disparity import disparity_of, enlarged
from stereo_engine.eyes import ClassicEyes, Pair, Source
from stereo_engine.inpaint.stream import SvdInpainter
from stereo_engine.memory import MemoryPlan, is_full
from stereo_engine.paint import Fill, Warped, painted
from stereo_engine.picture import Picture
from stereo_engine.recipe import PREROLL_FRAMES, Mode, Recipe
from stereo_engine.splat import left_view, right_view
from stereo_engine.warm import Warm

QUALITY_PREROLL_FRAMES = 25
READ_AHEAD, MADE_AHEAD = 16, 8


class FastEyes:
    """Depth by a model frame by frame, warped and filled as in the classic tier."""

    preroll_frames = PREROLL_FRAMES

    def __init__(self, recipe: Recipe, warm: Warm, export: DepthFolder | None = None) -> None:
        self._recipe, self._warm = recipe, warm
        self._classic = ClassicEyes(recipe, export)
        self._size = (0, 0)

    def pairs(self, pictures: Source) -> Generator[Pair, None, None]:
        """The pairs of the wanted pictures."""
        read = ahead(pictures, READ_AHEAD)
        try:
            with closing(ahead(self._pairs(read), MADE_AHEAD)) as made:
                yield from made
        except RuntimeError as error:
            if not is_full(error):
                raise
            raise self._warm.less(self._size, error) from error
        finally:
            read.close()

    def report(self) -> dict[str, Any]:
        """Which models made it, and what it asks of a viewer."""
        return {
            **self._classic.report(),
            "depth_source": self._warm.depth_source,
            "models": self._warm.models,
        }

    def _pairs(self, pictures: Source) -> Iterator[Pair]:
        estimator = DepthAnything(self._warm.depth, batch=self._warm.frame_batch)
        for picture, depth in self._mapped(pictures, estimator):
            yield self._classic.pair(picture, depth)

    def _mapped(self, pictures: Source, estimator: Estimator) -> Iterator[tuple[Picture, DepthMap]]:
        """The wanted pictures with their depth; the others only lead up to it."""
        waiting: deque[tuple[Picture, bool]] = deque()

        def seen() -> Iterator[Rgb]:
            for item in pictures:
                waiting.append(item)
                self._size = item[0].size
                yield item[0].to_rgb()

        for depth in ModelDepth(estimator, memory=self.preroll_frames + 1).maps(seen()):
            picture, wanted = waiting.popleft()
            if wanted:
                yield picture, depth


class QualityEyes(FastEyes):
    """Depth over time and painted holes, both by video diffusion."""

    preroll_frames = QUALITY_PREROLL_FRAMES

    def __init__(
        self,
        recipe: Recipe,
        warm: Warm,
        export: DepthFolder | None = None,
        *,
        first_frame: int = 0,
        first_shown: int = 0,
    ) -> None:
        """Make a maker; the places in the film of the first frame read, and of the first shown."""
        super().__init__(recipe, warm, export)
        self._first, self._first_shown = first_frame, first_shown
        self._made = {"right": ("right",), "left": ("left",), "both": ("left", "right")}[
            recipe.synth
        ]

    def _pairs(self, pictures: Source) -> Iterator[Pair]:
        first, pictures = _peeked(pictures)
        plan = self._warm.plan(first)
        estimator = DepthCrafter(
            self._warm.depth,
            noise=FrameNoise(self._recipe.seed, self._first, plan.window),
            first_frame=self._first,
            window=plan.window,
            overlap=plan.overlap,
            max_side=plan.depth_side,
            decode_chunk=plan.decode_chunk,
        )
        mapped = self._mapped(pictures, estimator)
        if self._recipe.mode == Mode.RGBD:
            yield from (self._classic.pair(*item) for item in mapped)
            return
        waiting: deque[tuple[Pair, DepthMap]] = deque()

        def warped() -> Iterator[tuple[Warped, ...]]:
            for picture, depth in mapped:
                pair = self._classic.pair(picture, depth)
                waiting.append((pair, depth))
                yield tuple(self._warp(eye, picture, depth, pair) for eye in self._made)

        fills = [self._fill(eye, plan) for eye in range(len(self._made))]
        for _ in painted(warped(), fills, plan.paint_side):
            pair, depth = waiting.popleft()
            self._classic.frame(pair, depth)  # holes lie under the strips, and were painted
            yield pair

    def _fill(self, eye: int, plan: MemoryPlan) -> Fill:
        inpainter = SvdInpainter(
            self._warm.inpainting,
            noise=FrameNoise(self._recipe.seed + 1 + eye, self._first_shown),
            chunk=plan.chunk,
            tiles=plan.tiles,
            tile_batch=plan.tile_batch,
            decode_chunk=plan.decode_chunk,
            decode_tile=plan.decode_tile,
        )
        placed = self._warm.placed
        return lambda source: inpainter.fill(
            (placed(shown), placed(mask)) for shown, mask in source
        )

    def _warp(self, eye: str, picture: Picture, depth: DepthMap, pair: Pair) -> Warped:
        """The eye as it was made, with its holes."""
        share = np.float32(0.5 if self._recipe.synth == "both" else 1.0)
        width = picture.size[0]
        disparity = enlarged(disparity_of(depth.depth, self._recipe, width), picture.size) * share
        view = right_view if eye == "right" else left_view
        rgb, hidden = view(picture.to_rgb(), disparity)
        target = pair.right if (eye == "right") != self._recipe.swap_eyes else pair.left
        return Warped(target.planes, rgb, hidden, picture.colour)


def _peeked(pictures: Source) -> tuple[tuple[int, int], Source]:
    """The size of the pictures, and all of them."""
    rest = iter(pictures)
    first = next(rest, None)
    return ((0, 0), ()) if first is None else (first[0].size, chain((first,), rest))
