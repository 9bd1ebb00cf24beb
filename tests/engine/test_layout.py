"""Layouts and anaglyphs against their definitions."""

import numpy as np
import pytest
from stereo_engine.anaglyph import METHODS, mix
from stereo_engine.layout import compose, output_size
from stereo_engine.recipe import Mode

LEFT, RIGHT = np.random.default_rng(1).integers(0, 256, (2, 8, 12, 3), np.uint8)


def mean_of_pairs(picture, axis):
    pairs = picture.astype(int)
    first, second = np.take(pairs, range(0, pairs.shape[axis], 2), axis), None
    second = np.take(pairs, range(1, pairs.shape[axis], 2), axis)
    return (first + second) / 2


GEOMETRY = {
    "sbs": lambda: np.hstack([LEFT, RIGHT]),
    "cross_eyed": lambda: np.hstack([RIGHT, LEFT]),
    "top_bottom": lambda: np.vstack([LEFT, RIGHT]),
    "half_sbs": lambda: np.hstack([mean_of_pairs(LEFT, 1), mean_of_pairs(RIGHT, 1)]),
    "half_top_bottom": lambda: np.vstack([mean_of_pairs(LEFT, 0), mean_of_pairs(RIGHT, 0)]),
    "left_only": lambda: LEFT,
    "right_only": lambda: RIGHT,
    "row_interlaced": lambda: np.stack([(LEFT, RIGHT)[y % 2][y] for y in range(8)]),
    "column_interlaced": lambda: np.stack([(LEFT, RIGHT)[x % 2][:, x] for x in range(12)], 1),
    "checkerboard": lambda: np.where(
        (np.indices((8, 12)).sum(0) % 2 == 0)[:, :, None], LEFT, RIGHT
    ),
}


@pytest.mark.parametrize("mode", GEOMETRY)
def test_a_layout_is_within_a_level_of_its_definition(mode):
    expected = GEOMETRY[mode]()

    made = compose(LEFT, RIGHT, mode)

    assert made.dtype == np.uint8
    assert made.shape[1::-1] == output_size((12, 8), mode)
    assert np.abs(made - expected).max() <= 1


@pytest.mark.parametrize(
    ("mode", "cut"), [("half_sbs", np.s_[:, 1:]), ("half_top_bottom", np.s_[1:])]
)
def test_an_odd_size_cannot_be_halved(mode, cut):
    with pytest.raises(ValueError, match="even"):
        compose(LEFT[cut], RIGHT[cut], mode)


def test_eyes_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="differ"):
        compose(LEFT, RIGHT[1:], "sbs")


def test_every_mode_can_be_composed():
    assert {str(mode) for mode in Mode} == {*GEOMETRY, "anaglyph", "rgbd"}


def grey(picture):
    return picture @ np.array([0.299, 0.587, 0.114])


ANAGLYPHS = {
    "gray": lambda left, right: (grey(left), grey(right), grey(right)),
    "color": lambda left, right: (left[..., 0], right[..., 1], right[..., 2]),
    "half_color": lambda left, right: (grey(left), right[..., 1], right[..., 2]),
    "true": lambda left, right: (grey(left), 0 * grey(left), grey(right)),
    "wimmer": lambda left, right: (
        0.7 * left[..., 1] + 0.3 * left[..., 2],
        right[..., 1],
        right[..., 2],
    ),
}


@pytest.mark.parametrize("method", ANAGLYPHS)
def test_an_anaglyph_is_within_a_level_of_its_definition(method):
    expected = np.stack(ANAGLYPHS[method](LEFT.astype(float), RIGHT.astype(float)), axis=-1)

    assert np.abs(mix(LEFT, RIGHT, method) - expected).max() <= 1


@pytest.mark.parametrize("method", METHODS)
def test_what_both_eyes_see_in_grey_stays_close_to_grey(method):
    flat = np.full((4, 4, 3), 128, np.uint8)

    made = mix(flat, flat, method).astype(int)

    kept = made[..., [0, 2]] if method == "true" else made
    assert np.abs(kept - 128).max() <= 20


def test_each_eye_gets_its_own_filter():
    white, black = np.full((2, 2, 3), 255, np.uint8), np.zeros((2, 2, 3), np.uint8)

    assert mix(white, black, "dubois")[0, 0].tolist() == [255, 0, 0]
    assert mix(black, white, "dubois")[0, 0].tolist() == [0, 255, 255]


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="no such anaglyph"):
        mix(LEFT, RIGHT, "sepia")
