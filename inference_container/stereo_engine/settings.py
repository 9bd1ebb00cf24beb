"""The engine's settings; the only reader of its environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from stereo_engine.errors import EngineError
from stereo_engine.registry import TIERS, Model

_NAMES = {model.name for models in TIERS.values() for model in models}
MAX_THREADS = 1024
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def hardware_wanted() -> bool:
    """Whether films are to be written by the GPU's encoder where that can (`VIDEO_ENCODER`).

    Raises:
        EngineError: `bad_request` for any other.
    """
    named = os.environ.get("VIDEO_ENCODER", "")
    if named not in ("", "nvenc"):
        raise EngineError("bad_request", f"VIDEO_ENCODER: {named!r:.40} is not nvenc")
    return named == "nvenc"


@dataclass(frozen=True)
class ModelSettings:
    """Where weights are kept, and which licences the user accepted."""

    weights_dir: Path
    accepted: frozenset[str] = frozenset()
    compiled: bool = False
    """Whether repeating blocks are compiled: minutes at the start, faster frames later."""
    mirror: str | None = None
    """`s3://bucket/prefix` of a nearer copy; the containers use it."""
    threads: int | None = None
    """How many cores a model may use on a CPU; all where it is not said."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Commits, by the names of models, in place of those of the registry."""

    def models_of(self, tier: str) -> tuple[Model, ...]:
        """What a tier is made of, each at the revision in force."""
        named = TIERS.get(tier, ())
        return tuple(replace(m, revision=self.revisions.get(m.name, m.revision)) for m in named)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the names of docs/models.md: where weights are, what is accepted and pinned.

        Raises:
            EngineError: `bad_request` for a pin of no known model, or threads that are no number.
        """
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        folder = os.environ.get("WEIGHTS_DIR") or f"{cache}/stereo-spot/weights"
        names = os.environ.get("ACCEPT_LICENCE", "").split(",")
        accepted = frozenset(name.strip() for name in names if name.strip())
        return cls(
            weights_dir=Path(folder).expanduser(),
            accepted=accepted,
            compiled=os.environ.get("COMPILE_MODELS") == "1",
            mirror=os.environ.get("WEIGHTS_S3_PREFIX"),
            threads=_threads(os.environ.get("MODEL_THREADS", "")),
            revisions=_pins(os.environ.get("MODEL_REVISIONS", "")),
        )


def _threads(text: str) -> int | None:
    if text and not (text.isdecimal() and 0 < int(text) <= MAX_THREADS):
        raise EngineError("bad_request", f"MODEL_THREADS: {text!r:.40} is not 1 to {MAX_THREADS}")
    return int(text) if text else None


def _pins(text: str) -> dict[str, str]:
    pins = dict(entry.strip().partition("=")[::2] for entry in text.split(",") if entry.strip())
    for name, revision in pins.items():
        if name not in _NAMES or not _REVISION.fullmatch(revision):
            known = ", ".join(sorted(_NAMES))
            text = f"MODEL_REVISIONS: {name}={revision} pins none of {known}"
            raise EngineError("bad_request", text)
    return pins
