"""Which tiers this machine can render, and what is missing for the others."""

import json
from pathlib import Path

from stereo_spot.errors import ErrorKind, ModelError
from stereo_spot.media.engine import run_engine_tool
from stereo_spot.model import Frozen, Tier
from stereo_spot.runtime.estimate import frame_seconds, guessed_seconds
from stereo_spot.settings.machine import Settings


class Readiness(Frozen):
    """What a tier needs here."""

    tier: Tier
    missing: tuple[str, ...]
    """In words; empty when the tier can run."""
    download_bytes: int
    s_per_frame: float | None
    """For a frame of 1024x576 and one worker: as measured here, else estimated, else unknown."""
    measured: bool


def readiness(data: Path) -> list[Readiness]:
    """All tiers that make depth, on this machine with this data folder.

    Raises:
        StereoSpotError: of the kind of what its settings lack; `segment_failed` when the engine
            cannot be asked.
    """
    told = json.loads(run_engine_tool("models"))
    return [
        Readiness(
            tier=Tier(name),
            missing=tuple(state["missing"]),
            download_bytes=state["download_bytes"],
            s_per_frame=frame_seconds(name, data)
            or state["estimated_s_per_frame"]
            or guessed_seconds(name),
            measured=frame_seconds(name, data) is not None,
        )
        for name, state in told["tiers"].items()
    ]


def check_tier(tier: Tier, settings: Settings) -> None:
    """Refuse a tier that cannot run here, before anything is made for it.

    A render server has to know itself what it can.

    Raises:
        ModelError: `licence_not_accepted`, `token_missing` or `weights_unavailable`.
    """
    if tier not in (Tier.FAST, Tier.QUALITY) or settings.inference_backend == "http":
        return
    missing = next(state.missing for state in readiness(settings.data) if state.tier is tier)
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ModelError(
            _kind(missing[0]),
            f"tier {tier} lacks {missing[0]}{more}; `stereo-spot doctor` lists all",
        )


def _kind(missing: str) -> ErrorKind:
    if missing.startswith("licence"):
        return ErrorKind.LICENCE_NOT_ACCEPTED
    if missing.startswith("HF_TOKEN"):
        return ErrorKind.TOKEN_MISSING
    return ErrorKind.WEIGHTS_UNAVAILABLE
