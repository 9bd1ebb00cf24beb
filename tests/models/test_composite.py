"""Only the holes are painted."""

import numpy as np
import pytest
from stereo_engine.inpaint.composite import MARGIN, colour_matched, mixed, share_of

CASES = np.random.default_rng(3)


def hole(height=40, width=60):
    hidden = np.zeros((height, width), bool)
    hidden[10:20, 30:33] = True
    return hidden


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 256), (np.uint16, 1024)])
@pytest.mark.parametrize("halved", [1, 2])
def test_pixels_away_from_holes_are_the_warped_ones_bit_for_bit(kind, top, halved):
    hidden = hole()
    shape = (40 // halved, 60 // halved)
    warped, painted = (CASES.integers(0, top, shape).astype(kind) for _ in range(2))

    made = mixed(warped, painted, share_of(hidden))

    near = np.zeros_like(hidden)
    near[10 - MARGIN : 20 + MARGIN, 30 - MARGIN : 33 + MARGIN] = True
    near = near.reshape(shape[0], halved, shape[1], halved).any(axis=(1, 3))
    assert made.dtype == kind
    assert np.array_equal(made[~near], warped[~near])
    inside = (slice(12 // halved, 18 // halved), 31 // halved)
    assert np.array_equal(made[inside], painted[inside]) or halved == 2


def test_no_holes_change_nothing():
    warped, painted = (CASES.integers(0, 255, (8, 8, 3)).astype(np.uint8) for _ in range(2))

    assert np.array_equal(mixed(warped, painted, share_of(np.zeros((8, 8), bool))), warped)


def test_the_models_tint_is_taken_back():
    hidden = hole()
    warped = CASES.random((40, 60, 3)).astype(np.float32) * 0.5 + 0.2
    tinted = np.clip(warped * [0.9, 1.0, 1.08] + 0.03, 0, 1).astype(np.float32)

    made = colour_matched(tinted, warped, hidden)

    assert np.abs(made - warped).mean() < 0.3 * np.abs(tinted - warped).mean()
    assert made.min() >= 0 and made.max() <= 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_pictures_and_all_hidden_ones_stay_finite(value):
    flat = np.full((9, 7, 3), value, np.float32)

    for hidden in (np.zeros((9, 7), bool), np.ones((9, 7), bool)):
        assert np.isfinite(colour_matched(flat, flat, hidden)).all()
