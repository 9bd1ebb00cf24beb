"""The engine's settings; the only reader of its environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


def hardware_wanted() -> bool:
    """Whether films are to be written by the GPU's encoder where that can (`VIDEO_ENCODER`)."""
    return os.environ.get("VIDEO_ENCODER") == "nvenc"


@dataclass(frozen=True)
class ModelSettings:
    """Where weights are kept, and which licences the user accepted."""

    weights_dir: Path
    accepted: frozenset[str] = frozenset()
    compiled: bool = False
    """Whether repeating blocks are compiled: minutes at the start, faster frames later."""
    mirror: str | None = None
    """`s3://bucket/prefix` of a nearer copy; the containers use it."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read `WEIGHTS_DIR`, `ACCEPT_LICENCE` (names, comma-separated), `WEIGHTS_S3_PREFIX`
        and `COMPILE_MODELS` (1).
        """  # noqa: D205 - the names do not fit one line
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        folder = os.environ.get("WEIGHTS_DIR") or f"{cache}/stereo-spot/weights"
        names = os.environ.get("ACCEPT_LICENCE", "").split(",")
        accepted = frozenset(name.strip() for name in names if name.strip())
        return cls(
            weights_dir=Path(folder).expanduser(),
            accepted=accepted,
            compiled=os.environ.get("COMPILE_MODELS") == "1",
            mirror=os.environ.get("WEIGHTS_S3_PREFIX"),
        )
