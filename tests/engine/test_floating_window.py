"""Black strips bring the picture's edge before what it would cut."""

from dataclasses import replace

import numpy as np
import pytest
from stereo_engine.floating_window import strips
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe
from stereo_engine.render import render
from stereo_engine.windows import Selection

from tests.engine.films import read_planes

NEAR_ALL = Recipe(crf=0, preset="ultrafast", max_disparity=10.0, convergence=0.0)
"""With depth 1 everywhere: 9.6 px before the screen in a film 96 px wide."""


def edges(left=0.0, right=0.0):
    disparity = np.full((20, 40), -5, np.float32)
    disparity[4, 0], disparity[9, -1] = left, right
    return disparity


def test_only_what_stands_before_the_screen_at_an_edge_asks_for_a_strip():
    inside = edges(-5, -5)
    inside[:, 10:30] = 12

    assert strips(inside) == (0, 0)
    assert strips(edges(6.2, 0)) == (6, 0)
    assert strips(edges(0, 8)) == (0, 8)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(("pix_fmt", "scale"), [("yuv420p", 1), ("yuv420p10le", 4)])
def test_strips_are_black_on_the_outer_sides_and_nowhere_else(film, tmp_path, swap, pix_fmt, scale):
    np.save(tmp_path / "near.npy", np.ones((8, 12), np.float32))
    codec = "h264" if scale == 1 else "hevc"
    bare = replace(NEAR_ALL, swap_eyes=swap, pix_fmt=pix_fmt, codec=codec)
    films = []
    for recipe in (bare, replace(bare, floating_window=True)):
        films.append(tmp_path / f"{len(films)}.mp4")
        job = Job(film, films[-1], recipe, Selection(n_frames=1), depth_from=tmp_path)
        render(job)

    plain, framed = (read_planes(path)[0] for path in films)
    for plane, other, black in zip(framed, plain, (16, 128, 128), strict=True):
        width = plane.shape[1]
        strip, half = width * 10 // 192, width // 2
        ends = (slice(0, strip), slice(width - strip, width))
        outer = ends if not swap else (slice(half, half + strip), slice(half - strip, half))
        for end in outer:
            assert (plane[:, end] == black * scale).all()
            plane[:, end] = other[:, end]
        assert np.array_equal(plane, other)
