"""The laws of the warp, on every backend."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stereo_engine.picture import blank, views
from stereo_engine.scene import render
from stereo_engine.splat import (
    finite_disparity,
    left_view,
    right_view,
    warp_planes,
)

from tests.engine.warping import each_backend, each_fill, picture, wild_disparity

SIZES = [(1, 5), (7, 1), (37, 63), (101, 333)]

each_size = pytest.mark.parametrize("size", SIZES, ids=str)


@each_backend
@each_size
def test_no_disparity_changes_no_bit_and_hides_nothing(backend, size):
    left = picture(size)

    right, hidden = right_view(left, np.zeros(size, np.float32), backend=backend)

    assert np.array_equal(right, left)
    assert not hidden.any()


@each_backend
@pytest.mark.parametrize("shift", [-7, -1, 1, 3, 40])
def test_constant_disparity_is_a_shift_with_the_border_repeated(backend, shift):
    left = picture((9, 31))
    column = np.clip(np.arange(31) + shift, 0, 30)

    right, _ = right_view(left, np.full((9, 31), shift, np.float32), backend=backend)

    assert np.array_equal(right, left[:, column])


@each_backend
def test_half_a_pixel_is_the_mean_of_two(backend):
    left = picture((3, 20)).astype(np.int32)

    right, _ = right_view(
        left.astype(np.uint8), np.full((3, 20), -0.5, np.float32), backend=backend
    )

    assert np.array_equal(right[:, 1:], (left[:, 1:] + left[:, :-1] + 1) // 2)


@each_backend
@each_size
def test_every_pixel_is_written_for_any_disparity(backend, size):
    height, width = size[0] + size[0] % 2, size[1] + size[1] % 2
    disparity = wild_disparity((height, width))
    planes = tuple(np.full(p.shape, 100, np.uint8) for p in views(blank(width, height)))
    outs = []
    for poison in (0, 255):
        out = tuple(np.full(plane.shape, poison, np.uint8) for plane in planes)
        warp_planes(planes, disparity, out, backend=backend)
        outs.append(out)

    for one, other in zip(*outs, strict=True):
        assert np.array_equal(one, other)
        assert (one == 100).all()


@each_backend
@each_fill
@each_size
@pytest.mark.parametrize("coarse", [False, True])
def test_backends_agree_bit_for_bit(backend, fill, size, coarse):
    left, disparity = picture(size), wild_disparity(size, 5)
    if coarse:
        disparity = np.round(disparity / 3) * np.float32(1.5)

    right, hidden = right_view(left, disparity, backend=backend, fill=fill)

    reference = right_view(left, disparity, backend="numpy", fill=fill)
    assert np.array_equal(right, reference[0])
    assert np.array_equal(hidden, reference[1])


@each_backend
@each_fill
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_planar_backends_agree_bit_for_bit_at_any_depth(backend, fill, kind):
    rng = np.random.default_rng(8)
    planes = tuple(
        rng.integers(0, 1024 if kind == np.uint16 else 256, shape).astype(kind)
        for shape in ((36, 64), (18, 32), (18, 32))
    )
    disparity = wild_disparity((36, 64), 4)
    answers = []
    for name in ("numpy", backend):
        out = tuple(np.zeros_like(plane) for plane in planes)
        holes = warp_planes(planes, disparity, out, backend=name, fill=fill)
        answers.append((holes, *(plane.tobytes() for plane in out)))

    assert answers[0] == answers[1]


@each_backend
def test_backends_agree_on_a_rendered_scene(backend):
    frame = next(render("both", 5, 1, 320, 180))

    right, _ = right_view(frame.left, frame.disparity, backend=backend)

    assert np.array_equal(right, right_view(frame.left, frame.disparity, backend="numpy")[0])


@each_backend
def test_the_same_question_gets_the_same_answer(backend):
    left, disparity = picture((37, 63)), wild_disparity((37, 63))

    first, again = (right_view(left, disparity, backend=backend) for _ in range(2))

    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


@each_backend
def test_threads_beside_each_other_get_the_same_answer(backend):
    left, disparity = picture((37, 63)), wild_disparity((37, 63))
    alone, _ = right_view(left, disparity, backend=backend)

    with ThreadPoolExecutor(4) as pool:
        views = [pool.submit(right_view, left, disparity, backend=backend) for _ in range(8)]

    assert all(np.array_equal(view.result()[0], alone) for view in views)


@each_backend
def test_the_source_is_left_untouched(backend):
    left, disparity = picture((37, 63)), wild_disparity((37, 63))
    before = left.tobytes(), disparity.tobytes()

    right_view(left, disparity, backend=backend)

    assert (left.tobytes(), disparity.tobytes()) == before


def landing(disparity_px, x, backend, width=64):
    left = np.zeros((1, width, 3), np.uint8)
    left[0, x] = 255
    disparity = np.zeros((1, width), np.float32)
    disparity[0, x] = disparity_px
    right, _ = right_view(left, disparity, backend=backend)
    light = right[0, :, 0].astype(float)
    return light @ np.arange(width) / light.sum() if light.any() else -1.0


@each_backend
@given(x=st.integers(16, 56), steps=st.integers(0, 40 * 64), more=st.integers(1, 256))
@settings(max_examples=60, deadline=None)
def test_raising_disparity_never_moves_a_landing_to_the_right(backend, x, steps, more):
    first, second = (landing(some / 64, x, backend) for some in (steps, steps + more))

    assert second <= first + 0.02  # light is counted in whole levels


@each_backend
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_of_two_pixels_in_one_place_the_nearer_is_seen(backend, data):
    near_d = data.draw(st.integers(4, 20))
    far_d = data.draw(st.integers(-4, near_d - 3))
    target = data.draw(st.integers(12, 30))
    left = np.full((1, 64, 3), 90, np.uint8)
    disparity = np.full((1, 64), -30, np.float32)
    for value, d in ((10, far_d), (250, near_d)):
        x = target + d
        left[0, x], disparity[0, x] = value, d

    right, _ = right_view(left, disparity, backend=backend)

    assert right[0, target, 0] == 250


@each_backend
def test_mirroring_eyes_and_pictures_changes_nothing(backend):
    right, disparity = picture((37, 63)), wild_disparity((37, 63))

    left, hidden = left_view(right, disparity, backend=backend)

    flipped = right_view(right[:, ::-1].copy(), disparity[:, ::-1].copy(), backend=backend)
    assert np.array_equal(left, flipped[0][:, ::-1])
    assert np.array_equal(hidden, flipped[1][:, ::-1])


@each_backend
def test_a_row_depends_on_its_own_row_only(backend):
    left, disparity = picture((37, 63)), wild_disparity((37, 63))
    before, _ = right_view(left, disparity, backend=backend)
    left[11], disparity[11] = 255 - left[11], disparity[11] + 3

    after, _ = right_view(left, disparity, backend=backend)

    changed = np.flatnonzero((before != after).any(axis=(1, 2)))
    assert changed.tolist() == [11]


@each_backend
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_disparity_that_is_no_number_counts_as_the_far_plane(backend, bad):
    left, disparity = picture((9, 31)), np.full((9, 31), 2, np.float32)
    disparity[0, 0] = -3
    broken = disparity.copy()
    disparity[4, 10:14], broken[4, 10:14] = -3, bad

    assert finite_disparity(broken)[1] == 4
    assert np.array_equal(
        right_view(left, broken, backend=backend)[0],
        right_view(left, disparity, backend=backend)[0],
    )


@each_backend
def test_parts_warped_apart_equal_the_whole(backend):
    left, disparity = picture((101, 333)), wild_disparity((101, 333))
    whole, _ = right_view(left, disparity, backend=backend)

    parts = [
        right_view(left[rows], disparity[rows], backend=backend)[0]
        for rows in (slice(0, 40), slice(40, 41), slice(41, 101))
    ]

    assert np.array_equal(np.concatenate(parts), whole)


@each_backend
def test_behind_a_thin_post_the_wall_is_right_on_both_sides(backend):
    wall = np.arange(60, dtype=np.uint8) * 2
    left = np.repeat(wall[None, :, None], 3, axis=2).repeat(4, axis=0)
    disparity = np.zeros((4, 60), np.float32)
    left[:, 30:32], disparity[:, 30:32] = 255, 12

    right, hidden = right_view(left, disparity, backend=backend)

    assert (right[:, 18:20] == 255).all()
    assert hidden[0].nonzero()[0].tolist() == [30, 31]
    kept = np.r_[0:17, 21:29, 33:60]
    assert np.array_equal(right[0, kept, 0], wall[kept])
    assert np.array_equal(right[0, [30, 31], 0], wall[[32, 32]])


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="no such backend"):
        right_view(picture((4, 4)), np.zeros((4, 4), np.float32), backend="abacus")
