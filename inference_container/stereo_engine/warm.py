"""Models loaded once and kept: what the makers of the tiers `fast` and `quality` run on."""

from pathlib import Path
from typing import Any

import torch

from stereo_engine.allocator import keep_one_heap, return_large_blocks
from stereo_engine.depth.depth_anything import BATCH
from stereo_engine.errors import EngineError
from stereo_engine.loading import best_device, depth_model, diffusion_models
from stereo_engine.memory import Again, MemoryPlan
from stereo_engine.settings import ModelSettings
from stereo_engine.weights import fetched, revision_of

SOURCES = {"fast": "depth_anything_v2", "quality": "depthcrafter"}


class Warm:
    """The models of one tier on one device, and how much they do at once."""

    def __init__(self, tier: str, settings: ModelSettings) -> None:
        (keep_one_heap if tier == "fast" else return_large_blocks)()
        self.device = best_device()
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        self.depth_source = SOURCES[tier]
        folders: dict[str, Path] = {}
        self.models: list[dict[str, str]] = []
        for model in settings.models_of(tier):
            folder = fetched(model, settings.weights_dir, accepted=settings.accepted)
            folders[model.name] = folder
            revision = revision_of(model, settings.weights_dir)
            facts = {"name": model.name, "revision": revision, "licence": model.licence}
            self.models.append(facts)
        self.inpainting: Any = None
        if tier == "fast":
            self.depth = depth_model(folders, self.device)
        else:
            self.depth, self.inpainting = diffusion_models(
                folders, self.device, compiled=settings.compiled
            )
        self.most_frames = 1 if self.device == "cpu" else BATCH
        """At once, where memory allows; on a CPU more are no quicker."""
        self._free_bytes = _free_bytes(self.device)
        self._smaller = 0

    def plan(self, size: tuple[int, int]) -> MemoryPlan:
        """How much to do at once for pictures of `size`."""
        plan = MemoryPlan.of(self._free_bytes, size)
        for _ in range(self._smaller):
            plan = plan.smaller() or plan
        return plan

    @property
    def frame_batch(self) -> int:
        """Frames that a model of single frames sees at once."""
        return max(1, self.most_frames >> self._smaller)

    def placed(self, tensor: Any) -> Any:
        """A tensor on the models' device."""
        return tensor.to(self.device, non_blocking=True)

    def less(self, size: tuple[int, int], error: Exception) -> Again | EngineError:
        """What an out-of-memory error becomes: another try with less at once, or the end."""
        torch.cuda.empty_cache()
        if self._least(size):
            return EngineError(
                "out_of_memory", f"the memory is too small for this picture: {error}"
            )
        self._smaller += 1
        return Again()

    def _least(self, size: tuple[int, int]) -> bool:
        """Whether less cannot be done at once."""
        if self.inpainting is None:
            return self.frame_batch == 1
        return self.plan(size).smaller() is None


_loaded: dict[tuple[str, Path], Warm] = {}


def warm(tier: str, settings: ModelSettings) -> Warm:
    """The tier's models, loaded at the first call of this process; only one tier is kept."""
    key = (tier, settings.weights_dir)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = Warm(tier, settings)
    return _loaded[key]


def _free_bytes(device: str) -> int:
    if device != "cuda":
        return 24 << 30
    free: int = torch.cuda.mem_get_info()[0]
    return free
