"""From folders of weights to modules on a device."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from stereo_engine.diffusion.modules import Modules
from stereo_engine.errors import EngineError
from stereo_engine.registry import DEPTH_ANYTHING, DEPTHCRAFTER, STEREOCRAFTER, SVD

HALF = "fp16"


def best_device() -> str:
    """The device models run on here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_dtype(device: str) -> Any:
    """bfloat16 where it is native, float16 on older GPUs, float32 on CPUs."""
    if device == "cpu":
        return torch.float32
    native = device == "cuda" and torch.cuda.get_device_capability()[0] >= 8
    return torch.bfloat16 if native else torch.float16


def single_frame_dtype(device: str) -> Any:
    """The type for a model of single frames: bfloat16 also on CPUs that multiply it in tiles.

    It takes such a CPU a third of the time of float32.
    """
    tiles = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return torch.bfloat16 if device == "cpu" and tiles() else best_dtype(device)


def depth_model(folders: Mapping[str, Path], device: str, dtype: Any = None) -> Any:
    """The single-frame depth model, in `dtype` or in the best one here."""
    from transformers import AutoModelForDepthEstimation
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder = folders[DEPTH_ANYTHING.name]
    with _readable(folder):
        model = AutoModelForDepthEstimation.from_pretrained(
            folder,
            dtype=dtype or single_frame_dtype(device),
            use_safetensors=True,
            local_files_only=True,
        )
    return exact_in_the_end(tuned(model.to(device)))


def exact_in_the_end(model: Any) -> Any:
    """The same model with its last convolution in float32; one that has none stays as it is.

    That layer makes the depth, and bfloat16 knows but 256 steps between a depth and its half.
    """
    for last in [part for part in model.modules() if isinstance(part, torch.nn.Conv2d)][-1:]:
        last.float().register_forward_pre_hook(lambda _, given: (given[0].float(), *given[1:]))
    return model


def diffusion_models(
    folders: Mapping[str, Path], device: str, *, compiled: bool = False
) -> tuple[Modules, Modules]:
    """Depth's and inpainting's modules; the VAE and CLIP are the same ones in both."""
    dtype = best_dtype(device)
    shared = _shared(folders[SVD.name], dtype)
    sets = []
    for model in (DEPTHCRAFTER, STEREOCRAFTER):
        unet = _unet(folders[model.name], dtype)
        made = SimpleNamespace(unet=unet, **shared | {"scheduler": _scheduler(folders[SVD.name])})
        for part in (made.unet, made.vae, made.image_encoder):
            tuned(part.to(device))
        if compiled:
            compile_blocks(made)
        sets.append(made)
    return sets[0], sets[1]


def tuned(module: Any) -> Any:
    """Ready to predict: no gradients, and convolution weights in the order tensor cores like."""
    module.eval().requires_grad_(False)
    for weight in module.parameters():
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return module


def compile_blocks(modules: Modules) -> None:
    """Compile what repeats: minutes at the first film, worth it from some minutes of footage."""
    names = ("SpatioTemporalResBlock", "TransformerSpatioTemporalModel")
    for block in modules.unet.modules():
        if type(block).__name__ in names:
            block.compile(dynamic=True)
    modules.vae.decoder.compile(dynamic=True)


def _shared(folder: Path, dtype: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLTemporalDecoder
    from transformers import CLIPVisionModelWithProjection
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    half = {"variant": HALF, "use_safetensors": True, "local_files_only": True}
    with _readable(folder / "vae") as place:
        vae = AutoencoderKLTemporalDecoder.from_pretrained(place, torch_dtype=dtype, **half)
    with _readable(folder / "image_encoder") as place:
        encoder = CLIPVisionModelWithProjection.from_pretrained(place, dtype=dtype, **half)
    return {"vae": vae, "image_encoder": encoder}


def _scheduler(folder: Path) -> Any:
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler.from_config(
        json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    )


def _unet(folder: Path, dtype: Any) -> Any:
    from diffusers import UNetSpatioTemporalConditionModel

    with _readable(folder):
        return UNetSpatioTemporalConditionModel.from_pretrained(
            folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True
        )


@contextmanager
def _readable(folder: Path) -> Iterator[Path]:
    """Tell of weights that are damaged, or another model's, as what they are."""
    from safetensors import SafetensorError

    try:
        yield folder
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        text = f"the weights in {folder} cannot be loaded; delete them: {error}"
        raise EngineError("weights_mismatch", text) from error
