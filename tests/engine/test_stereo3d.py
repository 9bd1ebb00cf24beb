"""Layouts and anaglyphs against ffmpeg's filter stereo3d, under every name that both have."""

import shutil

import numpy as np
import pytest
from stereo_engine.anaglyph import METHODS
from stereo_engine.layout import compose
from stereo_engine.recipe import Mode

from tests.engine import stereo3d

LEFT, RIGHT = stereo3d.EYES
UNPACKED = {"sbsr": "cross_eyed", "abl": "top_bottom"}


@pytest.fixture(scope="module")
def kept():
    with np.load(stereo3d.KEPT) as answers:
        return dict(answers)


@pytest.fixture(scope="module")
def ffmpeg():
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("no ffmpeg in PATH; PyAV's own filters have no stereo3d")
    return found


def far(one, other):
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("layout", stereo3d.LAYOUTS, ids=lambda layout: layout.mode)
def test_layouts_are_those_of_stereo3d_whichever_eye_comes_first(kept, layout):
    assert far(compose(LEFT, RIGHT, layout.mode), kept[f"{layout.ffmpeg}l"]) <= 1
    assert far(compose(RIGHT, LEFT, layout.mode), kept[f"{layout.ffmpeg}r"]) <= 1


def test_cross_eyed_and_single_eyes_are_those_of_stereo3d(kept):
    assert far(compose(LEFT, RIGHT, "cross_eyed"), kept["sbsr"]) == 0
    for name, mode in stereo3d.ONE_EYE.items():
        assert far(compose(LEFT, RIGHT, mode), kept[name]) == 0


@pytest.mark.parametrize("name", stereo3d.ANAGLYPHS)
def test_anaglyphs_are_those_of_stereo3d(kept, name):
    method = stereo3d.ANAGLYPHS[name]

    made = compose(LEFT, RIGHT, "anaglyph", method=method)

    assert far(made, kept[name]) <= (2 if "dubois" in method else 1)


def test_only_these_are_not_in_stereo3d():
    modes = {layout.mode for layout in stereo3d.LAYOUTS} | {*stereo3d.ONE_EYE.values()}

    assert set(METHODS) - {*stereo3d.ANAGLYPHS.values()} == {"dubois_lcd", "wimmer"}
    assert set(Mode) - modes == {"cross_eyed", "anaglyph", "rgbd"}


def test_a_live_ffmpeg_still_says_what_was_kept(kept, ffmpeg):
    live = stereo3d.asked(ffmpeg)

    assert live.keys() == kept.keys()
    assert max(far(live[name], kept[name]) for name in kept) <= 1


@pytest.mark.parametrize("name", UNPACKED)
def test_a_live_ffmpeg_finds_both_eyes_again(ffmpeg, name):
    eyes = stereo3d.unpacked(ffmpeg, compose(LEFT, RIGHT, UNPACKED[name]), name)

    assert [far(eye, own) for eye, own in zip(eyes, (LEFT, RIGHT), strict=True)] == [0, 0]
