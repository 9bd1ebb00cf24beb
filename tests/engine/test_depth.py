"""Depth without a model: bounded memory, bounded values, near before far."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.depth.flow import is_cut
from stereo_engine.depth.ground import ground_evidence
from stereo_engine.disparity import disparity_of, strength_of
from stereo_engine.errors import EngineError
from stereo_engine.job import Job
from stereo_engine.recipe import PREROLL_FRAMES, Recipe
from stereo_engine.render import render as render_job
from stereo_engine.scene import render
from stereo_engine.windows import Selection

from benchmarks.engine_depth import order_accuracy
from tests.engine.films import moving_pictures, read_planes, write_film


def greys(pictures):
    return [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]


def depths(frames):
    return list(ClassicDepth().maps(frames))


@pytest.fixture(scope="module")
def film_greys():
    return greys(moving_pictures(30, 160, 90))


@pytest.mark.parametrize("first", [9, 14, 21])
def test_depth_is_a_function_of_the_frame_and_eight_before_it(film_greys, first):
    whole = depths(film_greys)

    part = depths(film_greys[first - PREROLL_FRAMES :])[PREROLL_FRAMES:]

    for one, other in zip(part, whole[first:], strict=True):
        assert np.array_equal(one.depth, other.depth)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-12)


def test_disparity_steps_no_more_at_a_join_than_inside_a_segment(film_greys):
    parts = [depths(film_greys[:14]), depths(film_greys[14 - PREROLL_FRAMES :])[PREROLL_FRAMES:]]
    joined = [some.depth * strength_of(some.confidence) for part in parts for some in part]
    steps = [float(np.abs(b - a).mean()) for a, b in pairwise(joined)]

    assert steps[13] <= 1.5 * np.mean(steps[9:13] + steps[14:])


def test_a_cut_forgets_what_was_before(film_greys):
    other = greys(moving_pictures(12, 160, 90, seed=9))
    other = [255 - frame // 3 for frame in other]

    joined = depths(film_greys[:10] + other)

    assert [some.cut for some in joined] == [True] + [False] * 9 + [True] + [False] * 11
    for one, alone in zip(joined[10:], depths(other), strict=True):
        assert np.array_equal(one.depth, alone.depth)


def test_motion_alone_is_no_cut(film_greys):
    pairs = zip(film_greys[1:], film_greys, strict=False)
    assert not any(is_cut(now, before) for now, before in pairs)


@pytest.mark.parametrize("size", [(1, 5), (7, 1), (37, 63), (90, 160)], ids=str)
def test_depth_keeps_shape_and_range_for_any_picture(size):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, *size, 3), np.uint8)

    for depth in ClassicDepth().estimate(frames):
        assert depth.shape == size
        assert depth.dtype == np.float32
        assert depth.min() >= 0 and depth.max() <= 1  # false for NaN


def test_a_black_film_gets_no_depth():
    flat = list(ClassicDepth().estimate(np.zeros((5, 90, 160, 3), np.uint8)))

    assert np.allclose(flat, 0.5, atol=1e-6)


@pytest.mark.parametrize("kind", ["still", "forward", "still_no_ground", "haze_no_ground"])
def test_low_is_near_only_where_there_is_a_ground(kind):
    truth = [next(iter(render(kind, seed, 1, 320, 180, samples=1))) for seed in (3, 4, 5)]
    (found,) = zip(*([depths(greys([frame.left]))[0]] for frame in truth), strict=True)
    slopes = [float(np.ptp(some.depth.mean(axis=1))) for some in found]

    if "no_ground" in kind:
        assert max(slopes) < 1e-6 and {some.confidence for some in found} == {0.0}
    else:
        assert min(slopes) > 0.5 and min(some.confidence for some in found) > 0.15


def test_noise_and_stripes_from_top_to_bottom_are_no_ground():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (180, 320), np.uint8)
    across = noise[:, :1].repeat(320, axis=1)

    assert [ground_evidence(some) for some in (noise, across, across.T)] == [0.0, 0.0, 0.0]


def test_the_first_frame_of_a_shot_has_its_depth_already():
    shots = [greys(f.left for f in render("cam", seed, 4, 320, 180, samples=1)) for seed in (1, 2)]

    found = depths([*shots[0], *shots[1]])

    steps = [float(np.abs(b.depth - a.depth).mean()) for a, b in pairwise(found)]
    assert [some.cut for some in found] == [True, False, False, False] * 2
    assert max(steps[:3] + steps[4:]) < 0.02 < steps[3]
    assert min(some.confidence for some in found) > 0.9


def test_a_shot_of_one_frame_has_no_motion_to_go_by(film_greys):
    other = 255 - film_greys[0] // 3

    (alone,) = depths([other])

    assert np.array_equal(depths([*film_greys[:3], other, *film_greys[:2]])[3].depth, alone.depth)
    assert np.array_equal(depths([*film_greys[:3], other])[3].depth, alone.depth)


@pytest.mark.parametrize(
    ("kind", "least"),
    [("cam", 0.90), ("obj", 0.87), ("still", 0.90), ("cam_no_ground", 0.82), ("forward", 0.85)],
)
def test_near_is_told_from_far(kind, least):
    truth = list(render(kind, 1, 10, 320, 180, samples=1))
    *_, last = ClassicDepth().estimate(frame.left for frame in truth)

    accuracy = order_accuracy(last, truth[-1].disparity, np.random.default_rng(0))

    assert accuracy >= least


def test_the_answer_does_not_depend_on_the_machines_threads(film_greys):
    cv2.setNumThreads(4)
    first = depths(film_greys[:4])[-1].depth
    cv2.setNumThreads(1)

    assert np.array_equal(first, depths(film_greys[:4])[-1].depth)


def test_disparity_stays_within_its_budget():
    depth = np.array([[-1, 0, 0.7, 1, 2, np.nan, np.inf]], np.float32)

    got = disparity_of(depth, Recipe(max_disparity=2.5, convergence=0.7), 1000)

    assert got[0] == pytest.approx([-17.5, -17.5, 0, 7.5, 7.5, -17.5, -17.5])


def test_less_confidence_gives_less_depth():
    strengths = [strength_of(confidence) for confidence in (0, 0.3, 0.6, 1)]

    assert strengths == pytest.approx([0.4, 0.7, 1, 1])


def test_exported_depth_can_be_brought_back(film, tmp_path):
    recipe = Recipe(crf=0, preset="ultrafast")
    render_job(Job(film, tmp_path / "a.mp4", recipe, export_depth=tmp_path / "maps"))
    again = Job(film, tmp_path / "b.mp4", recipe, depth_from=tmp_path / "maps")

    result = render_job(again)

    assert len(list((tmp_path / "maps").glob("*.png"))) == 40
    assert (result["depth_source"], result["depth_confidence"]) == ("file", 1.0)
    assert result["comfort"]["behind_pct"] > 0.5


@pytest.mark.parametrize("kind", ["npy", "png", "mp4"])
def test_depth_made_elsewhere_shifts_the_picture_as_it_says(film, tmp_path, kind):
    near = tmp_path / "near"
    near.mkdir()
    if kind == "mp4":
        near = write_film(tmp_path / "near.mp4", [np.full((64, 96, 3), 255, np.uint8)] * 3)
    for index in range(3 if kind != "mp4" else 0):
        if kind == "npy":
            np.save(near / f"{index}.npy", np.ones((8, 12), np.float32))
        else:
            cv2.imwrite(str(near / f"{index}.png"), np.full((8, 12), 65535, np.uint16))
    recipe = Recipe(crf=0, preset="ultrafast", max_disparity=100 * 4 / 96, convergence=0.0)
    job = Job(film, tmp_path / "a.mp4", recipe, Selection(n_frames=3), depth_from=near)

    render_job(job)

    for y, _, _ in read_planes(tmp_path / "a.mp4"):
        left, right = np.hsplit(y, 2)
        assert np.array_equal(right[:, :92], left[:, 4:])


def write_archive(path):
    np.savez(path.with_suffix(".npz"), np.ones((8, 12)))
    path.with_suffix(".npz").rename(path)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.touch(),
        lambda path: path.write_bytes(b"no array"),
        write_archive,
        lambda path: np.save(path, np.array([["near", "far"]])),
        lambda path: np.save(path, np.ones((8, 12), complex)),
        lambda path: np.save(path, np.ones(8)),
        lambda path: np.save(path, np.array([[{}]], object), allow_pickle=True),
    ],
    ids=["empty", "text", "archive", "words", "complex", "a row", "pickle"],
)
def test_what_holds_no_depth_map_is_a_bad_request(film, tmp_path, write):
    (tmp_path / "maps").mkdir()
    write(tmp_path / "maps" / "0.npy")

    with pytest.raises(EngineError, match=r"0\.npy") as caught:
        render_job(Job(film, tmp_path / "a.mp4", depth_from=tmp_path / "maps"))

    assert caught.value.kind == "bad_request"


def test_too_few_depth_maps_are_a_bad_request(film, tmp_path):
    (tmp_path / "maps").mkdir()
    np.save(tmp_path / "maps" / "0.npy", np.ones((8, 12), np.float32))

    with pytest.raises(Exception, match="fewer depth maps") as caught:
        render_job(Job(film, tmp_path / "a.mp4", depth_from=tmp_path / "maps"))

    assert caught.value.kind == "bad_request"
    assert not (tmp_path / "a.mp4").exists()
