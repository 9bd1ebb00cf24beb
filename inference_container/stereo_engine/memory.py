"""How much is done at once on a GPU of a given size, and what to try when it was too much."""

from dataclasses import dataclass, replace
from typing import Self

GIB = 1 << 30


_FULL = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""What torch says for MPS, a CPU and the libraries of a GPU, for which it has no class."""


class Again(Exception):
    """The same job is worth another try: it will do less at once."""


def is_full(error: RuntimeError) -> bool:
    """Whether an error of torch means that memory ran out."""
    return type(error).__name__ == "OutOfMemoryError" or any(text in str(error) for text in _FULL)


@dataclass(frozen=True)
class MemoryPlan:
    """The knobs that trade memory for speed and steadiness."""

    window: int = 110
    overlap: int = 25
    depth_side: int = 1024
    paint_side: int = 1024
    """Longest side of the picture that is inpainted; its holes are put in at full size."""
    chunk: int = 23
    tiles: int = 1
    tile_batch: int = 4
    decode_chunk: int = 8
    decode_tile: int | None = None

    @classmethod
    def of(cls, free_bytes: int, size: tuple[int, int]) -> Self:
        """A start for free memory and a picture of `size`; the window goes before the resolution.

        From published peaks: depth at 1024x576 takes 26 GB with a window of 110, inpainting of
        1920x1080 in 2x2 tiles 30 GB, and its untiled decode most of that.
        """
        large = free_bytes >= 60 * GIB and size[0] * size[1] > 1280 * 768
        plan = cls(paint_side=1920, tiles=2) if large else cls()
        if free_bytes < 60 * GIB:
            plan = replace(plan, tile_batch=1)
        if free_bytes < 30 * GIB:
            plan = replace(plan, window=60, decode_chunk=4, decode_tile=96)
        if free_bytes < 20 * GIB:
            plan = replace(plan, window=40, overlap=12, depth_side=768, tiles=2, decode_tile=64)
        return plan

    def smaller(self) -> Self | None:
        """The next plan to try after an out-of-memory error; None when there is none."""
        if self.tile_batch > 1 or self.decode_tile is None:
            return replace(self, tile_batch=1, decode_tile=96)
        if self.decode_chunk > 2:
            return replace(self, decode_chunk=2, decode_tile=48)
        if self.window > 30:
            window = max(30, self.window // 2)
            return replace(self, window=window, overlap=min(self.overlap, window // 4))
        if self.paint_side > 1024:
            return replace(self, paint_side=1024)
        if self.depth_side > 512:
            return replace(self, depth_side=512, paint_side=768)
        if self.tiles < 4:
            return replace(self, tiles=self.tiles + 1)
        return None
