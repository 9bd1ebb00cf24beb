"""What must hold for every tier, with tiny models: see also the classic tier's own tests."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.colour import standard
from stereo_engine.depth.depth_anything import DepthAnything
from stereo_engine.diffusion.modules import FrameNoise
from stereo_engine.eyes import ClassicEyes
from stereo_engine.inpaint.composite import MARGIN
from stereo_engine.memory import Again, MemoryPlan
from stereo_engine.model_eyes import FastEyes, QualityEyes
from stereo_engine.picture import of_rgb
from stereo_engine.recipe import Recipe

from tests.engine.films import moving_pictures
from tests.models import tiny

PLAN = MemoryPlan(window=6, overlap=2, depth_side=64, chunk=5, paint_side=64, tile_batch=1)


class Warm(SimpleNamespace):
    depth_source, models, frame_batch = "tiny", (), 8

    def plan(self, size):
        return PLAN

    def placed(self, tensor):
        return tensor

    def less(self, size, error):
        return Again()


@pytest.fixture(scope="module")
def warm():
    tiny_depth, tiny_paint = tiny.modules(8), tiny.modules(9, seed=8)
    return {
        "fast": Warm(depth=tiny.depth_anything()),
        "quality": Warm(depth=tiny_depth, inpainting=tiny_paint),
    }


def pictures(count, width=96, height=64):
    films = moving_pictures(count, width, height)
    return [of_rgb(frame, standard(height)) for frame in films]


def made(tier, warm, film, preroll=0, first=0, **recipe):
    recipe = Recipe(**recipe)
    maker = (
        FastEyes(recipe, warm["fast"])
        if tier == "fast"
        else QualityEyes(recipe, warm["quality"], first_frame=first)
    )
    source = [(picture, at >= preroll) for at, picture in enumerate(film)]
    return list(maker.pairs(iter(source))), maker.report()


TIERS = pytest.mark.parametrize("tier", ["fast", "quality"])


@TIERS
@pytest.mark.parametrize("count", [1, 2, 9])
def test_as_many_frames_come_out_as_go_in(tier, warm, count):
    pairs, report = made(tier, warm, pictures(count))

    assert len(pairs) == count
    assert report["depth_source"] == "tiny"


@TIERS
def test_the_left_eye_is_untouched(tier, warm):
    film = pictures(3)

    pairs, _ = made(tier, warm, film)

    for picture, pair in zip(film, pairs, strict=True):
        for plane, left in zip(picture.planes, pair.left.planes, strict=True):
            assert np.array_equal(plane, left)


@TIERS
@pytest.mark.parametrize("synth", ["right", "left", "both"])
def test_without_strength_both_eyes_are_the_source(tier, warm, synth):
    film = pictures(2)

    pairs, _ = made(tier, warm, film, max_disparity=0.0, synth=synth)

    for picture, pair in zip(film, pairs, strict=True):
        for eye in (pair.left, pair.right):
            for plane, same in zip(picture.planes, eye.planes, strict=True):
                assert np.array_equal(plane, same)


class Flat(torch.nn.Module):
    """Sees the same depth everywhere."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, pixel_values):
        count, _, height, width = pixel_values.shape
        return SimpleNamespace(predicted_depth=torch.full((count, height, width), 3.0))


class FlatVideo(torch.nn.Module):
    """A decoder that shows the same grey whatever it is given: flat depth over time."""

    def __init__(self, vae):
        super().__init__()
        self.config, self.encode, self.weight = vae.config, vae.encode, vae.encoder.conv_in.weight

    def decode(self, latents, num_frames):
        count, _, height, width = latents.shape
        return SimpleNamespace(sample=torch.zeros(count, 3, 8 * height, 8 * width))


def flat(tier, warm):
    if tier == "fast":
        return Warm(depth=Flat())
    usual = warm["quality"]
    depth = SimpleNamespace(**{**vars(usual.depth), "vae": FlatVideo(usual.depth.vae)})
    return Warm(depth=depth, inpainting=usual.inpainting)


@TIERS
def test_constant_depth_is_a_pure_shift_and_no_nan(tier, warm):
    film = pictures(2, 200, 64)

    pairs, report = made(tier, {tier: flat(tier, warm)}, film, max_disparity=5.0)

    for pair in pairs:
        left, right = pair.left.planes[0], pair.right.planes[0]
        assert np.array_equal(right[:, 2 + MARGIN :], left[:, MARGIN:-2])  # beside what is filled
    assert np.isfinite(list(report["comfort"].values())).all()  # (0.5 - 0.7) * 5 % of 200 px


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_size_of_a_batch_changes_nothing(batch, warm):
    frames = moving_pictures(7, 96, 64)

    made = list(DepthAnything(warm["fast"].depth, short_side=28, batch=batch).estimate(frames))

    one_by_one = DepthAnything(warm["fast"].depth, short_side=28, batch=1).estimate(frames)
    for ours, expected in zip(made, one_by_one, strict=True):
        assert np.allclose(ours, expected, atol=1e-5)


def test_outside_the_holes_the_painted_eye_is_the_warped_one(warm):
    film = pictures(4)
    maker = QualityEyes(Recipe(max_disparity=5.0), warm["quality"])
    seen = []
    warp = maker._warp
    maker._warp = lambda eye, picture, depth, pair: (
        seen.append(
            (warp(eye, picture, depth, pair), ClassicEyes(maker._recipe).pair(picture, depth))
        )
        or seen[-1][0]
    )

    pairs = list(maker.pairs(iter([(picture, True) for picture in film])))

    touched = 0
    for pair, (eye, classic) in zip(pairs, seen, strict=True):
        grown = np.pad(eye.hidden, MARGIN)
        near = np.zeros_like(eye.hidden)
        for y in range(2 * MARGIN + 1):
            for x in range(2 * MARGIN + 1):
                near |= grown[y : y + near.shape[0], x : x + near.shape[1]]
        ours, theirs = pair.right.planes[0], classic.right.planes[0]
        assert np.array_equal(ours[~near], theirs[~near])
        touched += int((ours[eye.hidden] != theirs[eye.hidden]).sum())
    assert touched > 0


@pytest.mark.parametrize("swap", [False, True])
def test_the_strips_of_a_floating_window_stay_black(warm, swap):
    """The model paints what near things at the edge uncover, which is just where the strips are."""
    film, recipe = pictures(4), {"max_disparity": 10.0, "convergence": 0.0, "swap_eyes": swap}

    framed, _ = made("quality", warm, film, floating_window=True, **recipe)
    plain, _ = made("quality", warm, film, **recipe)

    for pair, other in zip(framed, plain, strict=True):
        left, right = (pair.right, pair.left) if swap else (pair.left, pair.right)
        strips = [(left.planes[0][:, :2], 16), (right.planes[0][:, -2:], 16)]
        strips += [(plane[:, -1:], 128) for plane in right.planes[1:]]
        assert all(np.all(shown == black) for shown, black in strips)
        made_eye = 0 if swap else 1
        ours, theirs = ((p.left, p.right)[made_eye].planes[0] for p in (pair, other))
        middle = slice(16, -16)
        assert np.array_equal(ours[:, middle], theirs[:, middle])


@TIERS
@pytest.mark.parametrize("size", [(16, 16), (34, 22)])
def test_small_and_odd_shapes_work(tier, warm, size):
    pairs, _ = made(tier, warm, pictures(2, *size))

    assert pairs[0].right.size == size


@TIERS
def test_the_same_film_gives_the_same_bytes(tier, warm):
    film = pictures(7)

    first, second = (made(tier, warm, film)[0] for _ in range(2))

    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.right.planes[0], other.right.planes[0])


def full():
    raise torch.OutOfMemoryError("full")


def of_a_library():
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


def broken():
    raise RuntimeError("the size of tensor a must match the size of tensor b")


@pytest.mark.parametrize(
    ("fail", "becomes"),
    [
        (full, Again),
        (of_a_library, Again),
        (lambda: torch.empty(1 << 50), Again),
        (broken, RuntimeError),
    ],
    ids=["gpu", "library", "cpu", "another error"],
)
def test_memory_that_ran_out_asks_for_another_try(warm, fail, becomes):
    class Failing:
        def parameters(self):
            return iter([torch.zeros(1)])

        def __call__(self, **_):
            return fail()

    with pytest.raises(becomes):
        list(FastEyes(Recipe(), Warm(depth=Failing())).pairs([(pictures(1)[0], True)]))


def test_noise_belongs_to_the_frames_of_the_film():
    whole, later = FrameNoise(3), FrameNoise(3, first_frame=4)

    assert torch.equal(whole((8, 3, 2, 2))[4:], later((4, 3, 2, 2)))
    window = whole((1, 6, 4, 2, 2)), later((1, 6, 4, 2, 2))
    assert torch.equal(window[0].roll(-4, dims=1), window[1])
    assert abs(float(whole((1, 8, 4, 32, 32)).std()) - 1) < 0.02
