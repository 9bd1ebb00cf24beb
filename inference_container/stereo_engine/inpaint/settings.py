"""How the inpainting model is run: ours, and the original's choices to compare with."""

from dataclasses import dataclass, replace
from typing import Any

from stereo_engine.inpaint.chunks import LENGTH, OVERLAP


@dataclass(frozen=True)
class Settings:
    """The knobs of one run."""

    steps: int = 5
    guidance_min: float = 1.0
    guidance_max: float = 1.0
    chunk: int = LENGTH
    overlap: int = OVERLAP
    """Frames that a chunk shares with the one before; cross-faded unless `upstream`."""
    tiles: int = 1
    """Tiles along each axis."""
    tile_batch: int = 1
    """Tiles that go through the UNet together."""
    decode_chunk: int = 8
    decode_tile: int | None = None
    """Largest side to decode at once, in latents; None for whole pictures."""
    upstream: bool = False
    """Crop to multiples of 128, fresh noise per tile and chunk, 8-bit feedback, no cross-fade."""

    def __post_init__(self) -> None:
        if not 0 < self.overlap < self.chunk:
            raise ValueError(f"overlap {self.overlap} must be above 0 and below {self.chunk}")


UPSTREAM = Settings(steps=8, guidance_min=1.01, guidance_max=1.01, decode_chunk=2, upstream=True)


def settings_of(compat: str | None, **chosen: Any) -> Settings:
    """The settings of a run; `compat` is None or `upstream`."""
    if compat not in (None, "upstream"):
        raise ValueError(f"compat = {compat!r}: expected None or 'upstream'")
    return replace(UPSTREAM if compat else Settings(), **chosen)
