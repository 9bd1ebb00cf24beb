"""Weights on a disk become the stock classes, whatever class their config names."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.depth import depthcrafter
from stereo_engine.depth.depth_anything import DepthAnything
from stereo_engine.errors import EngineError, of_exception
from stereo_engine.inpaint import svd
from stereo_engine.loading import (
    best_dtype,
    compile_blocks,
    depth_model,
    diffusion_models,
    exact_in_the_end,
)

from tests.models import tiny

SETTINGS = {"steps": 1, "guidance": 1.0, "window": 4, "overlap": 1}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny weights laid out as the hub's repositories are."""
    root = tmp_path_factory.mktemp("weights")
    depth, paint = tiny.modules(8), tiny.modules(9, seed=8)
    depth.vae.save_pretrained(root / "svd" / "vae", variant="fp16")
    depth.image_encoder.save_pretrained(root / "svd" / "image_encoder", variant="fp16")
    depth.scheduler.save_pretrained(root / "svd" / "scheduler")
    depth.unet.save_pretrained(root / "depth")
    paint.unet.save_pretrained(root / "paint")
    config = json.loads((root / "depth" / "config.json").read_text())
    foreign = config | {"_class_name": "DiffusersUNetSpatioTemporalConditionModelDepthCrafter"}
    (root / "depth" / "config.json").write_text(json.dumps(foreign))
    tiny.depth_anything().save_pretrained(root / "single")
    return {
        "stable-video-diffusion": root / "svd",
        "depthcrafter": root / "depth",
        "stereocrafter": root / "paint",
        "depth-anything-v2-small": root / "single",
    }


def test_loaded_modules_give_what_the_saved_ones_gave(folders):
    depth, paint = diffusion_models(folders, "cpu")
    frames = tiny.frames(3)
    pictures, mask = frames.permute(0, 3, 1, 2), torch.ones(3, 1, 32, 32)

    raw = depthcrafter.infer(frames, depth, noise=tiny.Noise(), **SETTINGS)
    filled = svd.infer(pictures, mask, paint, noise=tiny.Noise(), steps=1)

    wanted = depthcrafter.infer(frames, tiny.modules(8), noise=tiny.Noise(), **SETTINGS)
    assert torch.allclose(raw, wanted, atol=1e-4)  # the order of sums differs with the layout
    original = tiny.modules(9, seed=8)
    original.vae, original.image_encoder = depth.vae, depth.image_encoder
    expected = svd.infer(pictures, mask, original, noise=tiny.Noise(), steps=1)
    assert torch.allclose(filled, expected, atol=1e-4)
    assert depth.vae is paint.vae and depth.scheduler is not paint.scheduler


def test_a_unet_that_does_not_fit_its_config_is_named(folders, tmp_path):
    for path in folders["depthcrafter"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"in_channels": 9}))

    with pytest.raises(EngineError) as caught:
        diffusion_models(folders | {"stereocrafter": tmp_path}, "cpu")

    assert caught.value.kind == "weights_mismatch"


def test_the_depth_model_loads_through_the_auto_class(folders):
    model = depth_model(folders, "cpu")

    (raw,) = DepthAnything(model, short_side=28).estimate(
        [(tiny.frames(1)[0] * 255).byte().numpy()]
    )

    assert raw.shape == (28, 28) and best_dtype("cpu") == torch.float32


def test_half_the_bits_keep_depth_in_fine_steps(folders):
    picture = (tiny.frames(1, height=392, width=392)[0] * 255).byte().numpy()
    answers = []
    for dtype in (torch.float32, torch.bfloat16):
        model = depth_model(folders, "cpu", dtype)
        answers += DepthAnything(model, short_side=392).estimate([picture])

    exact, half = answers
    spread = exact.max() - exact.min()
    assert half.dtype == exact.dtype == np.float32
    assert np.abs(half - exact).max() < 0.05 * spread
    assert len(np.unique(half)) > 0.5 * len(np.unique(exact)) > 1000


def test_a_model_without_convolutions_stays_as_it_is():
    model = torch.nn.Linear(2, 1, dtype=torch.bfloat16)

    assert exact_in_the_end(model)(torch.ones(1, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own imports
def test_compiling_takes_the_blocks_that_repeat_and_the_decoder():
    made = tiny.modules(9)

    compile_blocks(made)

    kinds = ("SpatioTemporalResBlock", "TransformerSpatioTemporalModel")
    blocks = [block for block in made.unet.modules() if type(block).__name__ in kinds]
    taken = [block for block in blocks if block._compiled_call_impl is not None]
    assert len(taken) == len(blocks) > 4
    assert made.vae.decoder._compiled_call_impl is not None


@pytest.mark.parametrize(
    "name", ["single/model", "svd/vae/diffusion_pytorch_model.fp16", "svd/image_encoder/model.fp16"]
)
def test_damaged_weights_are_told_as_such(folders, tmp_path, name):
    root = shutil.copytree(folders["depthcrafter"].parent, tmp_path / "weights")
    damaged = root / f"{name}.safetensors"
    damaged.write_bytes(b"\xff" * damaged.stat().st_size)
    ours = {model: root / folder.name for model, folder in folders.items()}

    with pytest.raises(EngineError, match="delete them") as caught:
        depth_model(ours, "cpu") if "single" in name else diffusion_models(ours, "cpu")

    assert caught.value.kind == "weights_mismatch" and damaged.parent.name in caught.value.message


def test_a_gpu_that_is_full_when_models_come_is_told_as_such():
    assert of_exception(torch.OutOfMemoryError("12 GB")).kind == "out_of_memory"
