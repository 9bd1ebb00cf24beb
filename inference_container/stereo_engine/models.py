"""Which tiers can run here, and what they would need: `python -m stereo_engine.models`.

One JSON object on stdout, for people and for `stereo-spot doctor`; nothing is downloaded.
"""

import json
import sys
import time
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from typing import Any

from stereo_engine.errors import EngineError
from stereo_engine.hub import known_token
from stereo_engine.registry import TIERS, Model
from stereo_engine.settings import ModelSettings
from stereo_engine.weights import folder_of, is_whole

PACKAGES = ("torch", "transformers", "diffusers", "accelerate", "safetensors", "huggingface_hub")
TFLOP_PER_FRAME = {"fast": 0.12, "quality": 60.0}
"""At 1024x576; computed from the architectures, not measured."""
CPU_EFFICIENCY = 0.5
"""Of a plain product of matrices, whose speed is measured."""
EFFICIENCY = 0.2
PEAK_TFLOPS = {"H200": 989, "H100": 989, "A100": 312, "L4": 121, "A10G": 70, "T4": 65}
"""Dense 16-bit peaks that the vendor states."""


def readiness(settings: ModelSettings) -> dict[str, Any]:
    """For each tier: whether it can run, what is missing, what it would download, how fast."""
    device, name = _device()
    tiers = {tier: _tier(tier, settings.models_of(tier), settings, device, name) for tier in TIERS}
    return {"device": device, "device_name": name, "tiers": tiers}


def _tier(
    tier: str, models: Collection[Model], settings: ModelSettings, device: str, device_name: str
) -> dict[str, Any]:
    missing = [f"package {name}" for name in PACKAGES if models and find_spec(name) is None]
    absent = [
        m for m in models if not is_whole(folder_of(m, settings.weights_dir), thoroughly=False)
    ]
    refused = [m for m in models if not m.commercial and m.name not in settings.accepted]
    missing += [f"licence of {model.name}: {model.licence}, {model.page}" for model in refused]
    if any(model.gated for model in absent) and not known_token():
        missing.append("HF_TOKEN: a hub token whose account accepted the terms")
    if tier == "quality" and device in ("cpu", "none"):
        missing.append("a GPU: on a CPU a frame takes minutes at best")
    return {
        "ready": not missing,
        "missing": missing,
        "download_bytes": sum(model.size_bytes for model in absent),
        "models": [model.name for model in models],
        "estimated_s_per_frame": _estimate(tier, device, device_name),
    }


def _estimate(tier: str, device: str, device_name: str) -> float | None:
    work = TFLOP_PER_FRAME.get(tier)
    if work and device == "cpu":
        return round(work / (_cpu_tflops(single=tier == "fast") * CPU_EFFICIENCY), 1)
    peak = next((peak for part, peak in PEAK_TFLOPS.items() if part in device_name), None)
    return round(work / (peak * EFFICIENCY), 3) if peak and work else None


@cache
def _cpu_tflops(*, single: bool) -> float:
    """What the best of three products of matrices reaches, in the type of a tier's model."""
    import torch

    from stereo_engine.loading import best_dtype, single_frame_dtype

    side, dtype = 1024, single_frame_dtype("cpu") if single else best_dtype("cpu")
    matrix = torch.ones(side, side, dtype=dtype)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        torch.matmul(matrix, matrix)
        best = min(best, time.perf_counter() - start)
    return 2.0 * side**3 / best / 1e12


def _device() -> tuple[str, str]:
    """The kind of device models run on, and a GPU's name."""
    if find_spec("torch") is None:
        return "none", ""
    from stereo_engine.loading import best_device

    device = best_device()
    if device != "cuda":
        return device, ""
    import torch

    return device, str(torch.cuda.get_device_name())


def main() -> int:
    """Print it; 0, or the exit code of a setting that cannot be."""
    try:
        told = readiness(ModelSettings.from_environment())
    except EngineError as error:
        sys.stderr.write(f"{error.kind}: {error.message}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
