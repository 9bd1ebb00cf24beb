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


def classic(frames, _first):
    return list(ClassicDepth().estimate(frames))


def fast(frames, _first):
    estimator = DepthAnything(tiny.depth_anything(), short_side=28)
    return [some.depth for some in ModelDepth(estimator, memory=9).maps(frames)]


def quality(frames, first):
    estimator = DepthCrafter(
        tiny.modules(8), noise=FrameNoise(1, first, 12), steps=2, window=12, overlap=4,
        max_side=64, first_frame=first,
    )  # fmt: skip
    return [some.depth for some in ModelDepth(estimator, memory=26).maps(frames)]


def seam_score(depths, joins):
    """The mean change of scale and shift across joins, over the mean of those inside."""
    fits = [scale_and_shift(after, before) for before, after in pairwise(depths)]
    steps = np.array([abs(s - 1) + abs(t) for s, t in fits])
    across = np.zeros(len(steps), bool)
    across[[join - 1 for join in joins]] = True
    return steps[across].mean() / max(steps[~across].mean(), 1e-9)


@pytest.mark.parametrize(
    ("depth_of", "preroll", "frames", "segment"),
    [(classic, 8, 150, 30), (fast, 8, 150, 30), (quality, 25, 90, 30)],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_depth_does_not_jump_where_segments_join(depth_of, preroll, frames, segment):
    """Over as many joins as time allows: at a single one the step is what chance makes it."""
    film = moving_pictures(frames, 96, 64)
    depths = []
    for start in range(0, frames, segment):
        first = max(0, start - preroll)
        depths += depth_of(film[first : start + segment], first)[start - first :]

    score = seam_score(depths, range(segment, frames, segment))

    print(f"seam score of {depth_of.__name__}: {score:.3f}")
    assert len(depths) == frames
    assert score < 1.2
