"""From 1 to 400 frames, at the settings that are really used, against the plain reference."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.depth import depthcrafter
from stereo_engine.inpaint import svd

from tests.models import cheap, reference, tiny

LENGTHS = (1, 3, 4, 24, 42, 110, 111, 400)


@pytest.mark.parametrize(
    ("count", "window", "overlap", "guidance"),
    [*((count, 110, 25, 1.0) for count in LENGTHS), (71, 70, 25, 1.2), (120, 70, 25, 1.2)],
)
def test_depth_of_any_length_agrees(count, window, overlap, guidance):
    frames, modules = tiny.frames(count, 8, 16), cheap.modules(8)
    settings = {"steps": 3, "guidance": guidance, "window": window, "overlap": overlap}

    made = depthcrafter.infer(frames, modules, noise=tiny.Noise(), **settings)

    with torch.no_grad():
        expected = reference.depthcrafter(frames, modules, noise=tiny.Noise(), **settings)
    assert torch.allclose(made.double(), expected, atol=1e-6)


@pytest.mark.parametrize("count", LENGTHS)
def test_painting_of_any_length_agrees(count):
    pictures = tiny.frames(count, 16, 16).permute(0, 3, 1, 2)
    mask = torch.zeros(count, 1, 16, 16)
    mask[: max(count // 2, 1), :, :, 4:9] = 1.0
    modules, settings = cheap.modules(9), {"steps": 3, "chunk": 23, "overlap": 3}

    made = svd.infer(pictures, mask, modules, noise=tiny.Noise(), **settings)

    with torch.no_grad():
        expected = reference.svd_clip(
            pictures, mask, modules, noise=tiny.Noise(), decode_chunk=8, **settings
        )
    assert torch.allclose(made.double(), expected, atol=1e-5)


@pytest.mark.parametrize("count", [4, 23, 42])
def test_the_original_s_choices_agree(count):
    pictures = tiny.frames(count, 130, 128).permute(0, 3, 1, 2)
    mask = torch.zeros(count, 1, 130, 128)
    mask[:, :, 20:40, 4:60] = 1.0
    modules = cheap.modules(9)

    made = svd.infer(pictures, mask, modules, noise=tiny.Noise(), compat="upstream")

    with torch.no_grad():
        expected = reference.svd_upstream(
            pictures, mask, modules, noise=tiny.Noise(),
            chunk=23, overlap=3, steps=8, guidance=1.01,
        )  # fmt: skip
    assert made.shape[2:] == (128, 128)
    assert torch.allclose(made.double(), expected, atol=1e-5)
