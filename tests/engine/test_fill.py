"""The two ways to fill holes, on every backend."""

from dataclasses import replace

import numpy as np
import pytest
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe
from stereo_engine.render import render as render_job
from stereo_engine.splat import FILLS, right_view
from stereo_engine.windows import Selection

from tests.engine.films import read_planes
from tests.engine.warping import each_backend, picture, wild_disparity

HALVES = (slice(0, 96), slice(96, 192))


def before_a_post(rows):
    """A wall whose rows are of `rows` grey, with a post before it whose right side is hidden."""
    left = np.repeat(np.asarray(rows, np.uint8)[:, None, None], 40, axis=1).repeat(3, axis=2)
    disparity = np.zeros(left.shape[:2], np.float32)
    left[:, 18:22], disparity[:, 18:22] = 255, 6
    return left, disparity


@each_backend
def test_blending_softens_streaks_in_holes_and_touches_nothing_else(backend):
    left, disparity = before_a_post([0, 200] * 8)
    plain, hidden = right_view(left, disparity, backend=backend)

    soft, same = right_view(left, disparity, backend=backend, fill="blend")

    assert hidden[:, 18:22].all() and np.array_equal(hidden, same)
    assert np.array_equal(soft[~hidden], plain[~hidden])
    streaks = [np.ptp(p[4:12, 18:22].astype(int), axis=0).max() for p in (plain, soft)]
    assert streaks[0] == 200 and streaks[1] <= 30


@each_backend
def test_blending_keeps_to_its_layer(backend):
    left, disparity = before_a_post([60] * 16)
    left[8:, :16], disparity[8:, :16] = 250, 3
    left[8:, 24:], disparity[8:, 24:] = 250, 3

    soft, _ = right_view(left, disparity, backend=backend, fill="blend")

    assert (soft[:8, 18:22] == 60).all()


@each_backend
def test_blending_a_row_takes_in_three_rows_around_it(backend):
    left, disparity = picture((37, 63)), wild_disparity((37, 63))
    before, _ = right_view(left, disparity, backend=backend, fill="blend")
    left[11], disparity[11] = 255 - left[11], disparity[11] + 3

    after, _ = right_view(left, disparity, backend=backend, fill="blend")

    changed = np.flatnonzero((before != after).any(axis=(1, 2)))
    assert changed.min() >= 8 and changed.max() <= 14


@pytest.mark.parametrize("synth", ["right", "left", "both"])
def test_a_film_can_be_filled_either_way(film, tmp_path, synth):
    strong = Recipe(crf=0, preset="ultrafast", max_disparity=8.0, synth=synth)
    made = []
    for fill in FILLS:
        out = tmp_path / f"{fill}.mp4"
        render_job(Job(film, out, replace(strong, fill=fill), Selection(n_frames=2)))
        made.append([y for y, _, _ in read_planes(out)])

    changed = [[(a != b)[:, side].any() for a, b in zip(*made, strict=True)] for side in HALVES]
    assert changed[0] == [synth != "right"] * 2
    assert changed[1] == [synth != "left"] * 2


def test_an_unknown_fill_is_refused():
    with pytest.raises(ValueError, match="no such fill"):
        right_view(picture((4, 4)), np.zeros((4, 4), np.float32), fill="concrete")
