"""Depth of segments agrees across their borders; flat and broken depth does no harm."""

from itertools import pairwise

import numpy as np
import pytest
from stereo_engine.depth.model import ModelDepth
from stereo_engine.depth.normalise import RangeTracker, over_clip, scale_and_shift, scaled

PREROLL = 25


def film(count, seed=0):
    """Raw depth [T, 24, 32] that drifts and breathes."""
    noise = np.random.default_rng(seed)
    shape = noise.random((24, 32)).astype(np.float32)
    scale = 1 + 0.4 * np.sin(np.arange(count) / 9) + 0.02 * noise.standard_normal(count)
    return (shape * scale[:, None, None] + np.arange(count)[:, None, None] / 50).astype(np.float32)


def normalised(raw, memory=PREROLL):
    tracker = RangeTracker(memory)
    return np.stack([tracker.step(frame, cut=not at) for at, frame in enumerate(raw)])


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (3.7, -2.0), (0.01, 40.0)])
def test_a_segment_with_another_scale_and_shift_gets_the_same_depth(scale, shift):
    raw = film(120)
    whole = normalised(raw)

    later = normalised(raw[60 - PREROLL :] * scale + shift)[PREROLL:]

    assert np.allclose(later, whole[60:], atol=2e-3)


def test_the_step_across_a_join_is_no_larger_than_inside():
    raw = film(120)
    parts = [normalised(raw[:60]), normalised(raw[60 - PREROLL :] * 2.5 + 1)[PREROLL:]]
    depths = np.concatenate(parts)

    fits = [scale_and_shift(*pair) for pair in pairwise(depths)]
    steps = np.array([abs(s - 1) + abs(t) for s, t in fits])

    assert steps[59] < 1.2 * np.delete(steps, 59)[PREROLL:].mean()


def test_normalising_each_segment_by_itself_would_not_do():
    raw = film(120)
    depths = np.concatenate([over_clip(raw[:60]), over_clip(raw[60:])])

    steps = np.abs(np.diff(depths, axis=0)).mean(axis=(1, 2))

    assert steps[59] > 5 * np.delete(steps, 59).mean()


def test_one_frame_of_another_range_does_not_set_the_range():
    ramp = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    tracker = RangeTracker(4)
    for at in range(3):
        tracker.step(ramp, cut=not at)

    seen = tracker.step(ramp * 5, cut=False)

    (low, high) = np.mean(
        [np.percentile(some[::2, ::2], (1, 99)) for some in 3 * [ramp] + [ramp * 5]], axis=0
    )
    assert np.allclose(seen, np.clip((ramp * 5 - low) / (high - low), 0, 1), atol=1e-5)
    assert (seen == 1).mean() > 0.4, "twice the mean range is beyond it"


def test_a_cut_forgets_the_range():
    raw = film(10)
    tracker = RangeTracker(PREROLL)
    for frame in raw:
        tracker.step(frame * 100, cut=False)

    fresh = tracker.step(raw[0], cut=True)

    assert np.array_equal(fresh, RangeTracker(PREROLL).step(raw[0], cut=True))


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan])
def test_flat_and_broken_depth_lies_in_the_middle(value):
    depth = RangeTracker(3).step(np.full((4, 6), value, np.float32), cut=False)

    assert np.array_equal(depth, np.full((4, 6), 0.5, np.float32))


def test_one_broken_pixel_is_far_and_changes_nothing_else():
    raw = film(1)[0]
    broken = raw.copy()
    broken[1, 1] = np.nan

    made, usual = (RangeTracker(3).step(one, cut=False) for one in (broken, raw))

    made[1, 1] = usual[1, 1]
    assert np.array_equal(made, usual)


def test_a_scale_and_a_shift_are_found_again():
    depth = film(1)[0]

    assert np.allclose(scale_and_shift(depth, depth * 2.5 - 0.3), (2.5, -0.3), atol=1e-4)
    assert scale_and_shift(np.ones((3, 3), np.float32), depth[:3, :3]) == (1.0, 0.0)
    assert np.array_equal(scaled(depth, 5.0, 5.0), np.full_like(depth, 0.5))


class Late:
    """Answers three frames late, with the red channel."""

    def estimate(self, frames):
        held = []
        for frame in frames:
            held.append(frame[:, :, 0].astype(np.float32))
            if len(held) > 3:
                yield held.pop(0)
        yield from held


def test_cuts_reach_the_depth_of_their_own_frame():
    shades = [np.linspace(0, 60, 40 * 30), np.linspace(120, 250, 40 * 30)]
    frames = [
        np.repeat(shades[at >= 5].reshape(30, 40, 1), 3, axis=2).astype(np.uint8) for at in range(9)
    ]

    maps = list(ModelDepth(Late(), memory=9).maps(iter(frames)))

    assert [some.cut for some in maps] == [at in (0, 5) for at in range(9)]
    assert all(some.depth.max() > 0.9 and some.depth.min() < 0.1 for some in maps)
