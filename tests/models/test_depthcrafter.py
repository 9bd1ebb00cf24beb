"""Window by window depth against a plain reference, and as a stream."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.depth import depthcrafter
from stereo_engine.depth.depthcrafter import DepthCrafter, working_size
from stereo_engine.diffusion.clip import embedded
from stereo_engine.diffusion.modules import FrameNoise

from tests.models import cheap, reference, tiny


@pytest.fixture(scope="module")
def modules():
    return tiny.in_double(tiny.modules(8))


def both(modules, frames, **settings):
    ours, plain = tiny.Noise(), tiny.Noise()
    settings = {"steps": 2, "guidance": 1.0, "window": 6, "overlap": 2} | settings
    made = depthcrafter.infer(frames, modules, noise=ours, **settings)
    with torch.no_grad():
        expected = reference.depthcrafter(frames, modules, noise=plain, **settings)
    assert ours.shapes == plain.shapes
    return made, expected


@pytest.mark.parametrize("count", [1, 6, 7, 11])
def test_every_length_agrees_with_the_reference(modules, count):
    made, expected = both(modules, tiny.frames(count))

    assert made.shape == (count, 32, 32) and made.dtype == torch.float32
    assert torch.allclose(made.double(), expected, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"guidance": 1.4},
        {"overlap": 0},
        {"overlap": 1},
        {"overlap": 5},
        {"decode_chunk": 3},
        {"steps": 5},
    ],
)
def test_every_setting_agrees_with_the_reference(modules, settings):
    made, expected = both(modules, tiny.frames(9), **settings)

    assert torch.allclose(made.double(), expected, atol=1e-6)


def test_the_stock_scheduler_agrees_as_far_as_float32_goes():
    made = tiny.in_double(tiny.modules(8))
    made.scheduler = tiny.scheduler()

    ours, expected = both(made, tiny.frames(9), steps=5)

    assert torch.allclose(ours.double(), expected, atol=3e-4)


@pytest.mark.parametrize("size", [(16, 16), (224, 224), (300, 1000)])
def test_embeddings_agree_whatever_the_reduction(modules, size):
    pictures = tiny.frames(2, *size).permute(0, 3, 1, 2).double() * 2 - 1

    made = embedded(pictures, modules.image_encoder)

    expected = torch.cat([reference.clip(one, modules.image_encoder) for one in pictures])
    assert torch.allclose(made, expected, atol=1e-8)


def test_no_second_prediction_without_guidance(modules):
    calls = []
    hook = modules.unet.register_forward_pre_hook(lambda *_: calls.append(1))
    both_calls = []
    for guidance in (1.0, 1.2):
        calls.clear()
        depthcrafter.infer(
            tiny.frames(3), modules, steps=2, guidance=guidance, window=6, overlap=2,
            noise=tiny.Noise(),
        )  # fmt: skip
        both_calls.append(len(calls))
    hook.remove()

    assert both_calls == [2, 4]


def test_every_frame_is_told_its_own_embedding(modules):
    frames = tiny.frames(4)
    usual, _ = both(modules, frames)
    same = tiny.in_double(tiny.modules(8))
    first_only = same.image_encoder.forward

    def repeat_first(pixels):
        answer = first_only(pixels)
        answer.image_embeds = answer.image_embeds[:1].expand_as(answer.image_embeds)
        return answer

    same.image_encoder.forward = repeat_first
    flat, _ = both(same, frames)

    assert not torch.allclose(usual, flat, atol=1e-4)


class Prepared:
    """Hands a stream the same noise frame by frame that a whole clip got at once."""

    def __init__(self, drawn):
        self.pixels, self.latents = drawn
        self.taken = 0

    def __call__(self, shape):
        if len(shape) == 5:
            return self.latents
        self.taken += shape[0]
        return self.pixels[self.taken - shape[0] : self.taken]


@pytest.mark.parametrize("count", [1, 6, 8, 19, 32])
def test_a_stream_gives_the_same_depth_as_the_whole_clip(count):
    """Up to the last group of eight, which is filled up before it is decoded."""
    modules = cheap.modules(8)
    pictures = (tiny.frames(count, 64, 64) * 255).round().to(torch.uint8)
    noise = tiny.Noise()
    settings = {"steps": 2, "guidance": 1.0, "window": 6, "overlap": 2}
    whole = depthcrafter.infer(pictures.float() / 255, modules, noise=noise, **settings)

    stream = DepthCrafter(modules, noise=Prepared(noise.drawn), **settings)
    streamed = np.stack(list(stream.estimate(iter(pictures.numpy()))))

    assert streamed.shape == whole.shape and np.isfinite(streamed).all()
    whole_groups = count // 8 * 8
    assert np.allclose(streamed[:whole_groups], whole.numpy()[:whole_groups], atol=1e-5)


@pytest.mark.parametrize("first", [3, 8, 21])
def test_a_segment_gives_the_depth_of_the_film_once_its_windows_are_those_of_the_film(first):
    """Its own frames are, from the end of the first window's overlap on; the rest is pre-roll."""
    modules, settings = cheap.modules(8), {"steps": 2, "window": 12, "overlap": 4, "max_side": 64}
    film = list((tiny.frames(64, 64, 64) * 255).round().byte().numpy())

    def depths(start):
        noise = FrameNoise(3, start, 12)
        stream = DepthCrafter(modules, noise=noise, first_frame=start, **settings)
        return np.stack(list(stream.estimate(film[start:])))

    whole, part = depths(0)[first:], depths(first)

    assert not np.allclose(whole[0], part[0], atol=1e-4)
    assert np.allclose(whole[25:], part[25:], atol=1e-5)


def test_a_stream_holds_one_window_whatever_the_length(modules):
    stream = DepthCrafter(
        cheap.modules(8), noise=tiny.Noise(), steps=1, window=6, overlap=2, max_side=64
    )
    frame = np.zeros((16, 20, 3), np.uint8)
    given = [0]

    def film():
        for _ in range(60):
            given[0] += 1
            yield frame

    waiting = [given[0] - made for made, _ in enumerate(stream.estimate(film()))]

    assert len(waiting) == 60
    assert max(waiting) <= 6 + 8 + 8


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (1024, 576)),
        ((1024, 576), (1024, 576)),
        ((640, 360), (640, 384)),
        ((1056, 32), (1024, 64)),
        ((16, 16), (64, 64)),
        ((1000, 30), (1024, 64)),
    ],
)
def test_working_sizes_are_multiples_of_64(size, expected):
    assert working_size(*size) == expected


def test_sizes_that_the_vae_cannot_take_are_refused(modules):
    with pytest.raises(ValueError, match="multiples of 8"):
        depthcrafter.infer(
            tiny.frames(1, height=60), modules, steps=1, guidance=1, window=2, overlap=1,
            noise=tiny.Noise(),
        )  # fmt: skip
