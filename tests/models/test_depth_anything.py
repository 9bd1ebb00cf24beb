"""Depth of single frames through the stock classes."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed (make models)"
)

from stereo_engine.depth.depth_anything import DepthAnything, of_metres, working_size
from stereo_engine.depth.model import ModelDepth

from tests.models import tiny


@pytest.fixture(scope="module")
def model():
    return tiny.depth_anything()


def pictures(count, height=36, width=64):
    return (tiny.frames(count, height, width) * 255).round().to(torch.uint8).numpy()


def test_the_stock_class_is_asked_in_its_own_colours(model):
    asked = []
    hook = model.register_forward_pre_hook(
        lambda _module, _args, kwargs: asked.append(kwargs["pixel_values"]), with_kwargs=True
    )
    frame = np.full((36, 64, 3), 255, np.uint8)

    (raw,) = DepthAnything(model, short_side=28).estimate([frame])

    hook.remove()
    white = (1 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    assert torch.allclose(asked[0], white[None, :, None, None].expand_as(asked[0]), atol=1e-6)
    assert raw.shape == (28, 56) and raw.dtype == np.float32


def test_batches_change_nothing(model):
    frames = pictures(5)

    alone = np.stack(list(DepthAnything(model, short_side=28, batch=1).estimate(frames)))
    batched = np.stack(list(DepthAnything(model, short_side=28, batch=3).estimate(frames)))

    assert len(alone) == 5
    assert np.allclose(alone, batched, atol=1e-5)


def test_segments_with_pre_roll_get_the_depth_of_the_whole_film(model):
    frames = pictures(30)

    def depth(part):
        estimator = DepthAnything(model, short_side=28, batch=1)
        return np.stack([m.depth for m in ModelDepth(estimator, memory=9).maps(part)])

    whole = depth(frames)

    assert np.array_equal(depth(frames[15 - 8 :])[8:], whole[15:])


def test_distances_turn_into_nearness():
    assert torch.equal(of_metres(torch.tensor([0.5, 2.0])), torch.tensor([2.0, 0.5]))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (700, 392)),
        ((1080, 1920), (392, 700)),
        ((16, 16), (392, 392)),
        ((4000, 100), (1568, 392)),
    ],
)
def test_working_sizes_are_multiples_of_14_and_at_most_4_to_1(size, expected):
    assert working_size(*size) == expected
