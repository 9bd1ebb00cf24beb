"""How far the scale of depth jumps where segments join, against its steps inside them."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.depth.depth_anything import DepthAnything
from stereo_engine.depth.depthcrafter import DepthCrafter
from stereo_engine.depth.model import ModelDepth
from stereo_engine.depth.normalise import scale_and_shift
from stereo_engine.diffusion.modules import FrameNoise

from tests.engine.films import moving_pictures
from tests.models import tiny


def classic(frames, _first, _weights):
    return list(ClassicDepth().estimate(frames))


def fast(frames, _first, _weights):
    estimator = DepthAnything(tiny.depth_anything(), short_side=28)
    return [some.depth for some in ModelDepth(estimator, memory=9).maps(frames)]


def quality(frames, first, weights):
    estimator = DepthCrafter(
        tiny.modules(8, weights), noise=FrameNoise(1, first, 12), steps=2, window=12, overlap=4,
        max_side=64, first_frame=first,
    )  # fmt: skip
    return [some.depth for some in ModelDepth(estimator, memory=26).maps(frames)]


def fitted(depths):
    """The change of scale and shift from each frame to the next, as a fit tells it."""
    fits = [scale_and_shift(after, before) for before, after in pairwise(depths)]
    return np.array([abs(s - 1) + abs(t) for s, t in fits])


def spread(depths):
    """The same as spread and level tell it: a fit says little of frames that are little alike."""
    stack = np.stack(depths)
    deviations, levels = stack.std(axis=(1, 2)), stack.mean(axis=(1, 2))
    return np.abs(np.diff(np.log(deviations))) + np.abs(np.diff(levels))


def seam_score(steps, joins):
    """The mean step across joins, over the mean of those inside."""
    across = np.zeros(len(steps), bool)
    across[[join - 1 for join in joins]] = True
    return steps[across].mean() / max(steps[~across].mean(), 1e-9)


MORE = [
    pytest.param(quality, 25, 243, 27, film, weights, marks=pytest.mark.long)
    for film in (3, 4)
    for weights in (7, 8, 9)
    if (film, weights) != (3, 7)
]


@pytest.mark.parametrize(
    ("depth_of", "preroll", "frames", "segment", "film", "weights"),
    [(classic, 8, 150, 30, 3, 0), (fast, 8, 150, 30, 3, 0), (quality, 25, 243, 27, 3, 7), *MORE],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_depth_does_not_jump_where_segments_join(depth_of, preroll, frames, segment, film, weights):
    """At a single join the step is what chance makes it, and where the decoder begins a group of
    eight frames it is larger in an uncut film too: joins every 27 frames meet each place in a group
    once, as the frames inside do.
    """
    shown = moving_pictures(frames, 96, 64, seed=film, step=0.6)
    depths = []
    for start in range(0, frames, segment):
        first = max(0, start - preroll)
        depths += depth_of(shown[first : start + segment], first, weights)[start - first :]
    joins = range(segment, frames, segment)

    fit, told = seam_score(fitted(depths), joins), seam_score(spread(depths), joins)

    print(f"seam score of {depth_of.__name__} ({film}, {weights}): {fit:.3f}, spread {told:.3f}")
    assert len(depths) == frames
    assert fit < 1.2
    assert told < 1.5


@pytest.mark.parametrize("steps_of", [fitted, spread])
def test_a_jump_of_a_fifth_is_seen(steps_of):
    depths = classic(moving_pictures(150, 96, 64, step=0.6), 0, 0)
    joins = range(30, 150, 30)
    for start in (30, 90):
        for at in range(start, start + 30):
            depths[at] = depths[at] * np.float32(0.8)

    assert seam_score(steps_of(depths), joins) > 1.5
