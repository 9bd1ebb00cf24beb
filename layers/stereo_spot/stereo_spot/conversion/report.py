"""What a finished film is, as the job's `result`: counts, timing, depth, notes."""

from typing import Any

from stereo_spot.media.inspect import RenderedFacts
from stereo_spot.model import Plan, Segment
from stereo_spot.ports import ObjectInfo

_EXTREMES = ("front", "behind", "largest")


def film_report(
    plan: Plan,
    rows: list[Segment],
    info: ObjectInfo,
    facts: RenderedFacts,
    joined: dict[str, Any],
) -> dict[str, Any]:
    """Gather the report from the plan, the segments' reports and the join."""
    reports = [row.report for row in rows if row.report]
    recipe = plan.options.recipe
    return {
        "frames": facts.frames,
        "width": facts.width,
        "height": facts.height,
        "codec": facts.codec,
        "size_bytes": info.size,
        "segments": plan.total,
        "mode": recipe.mode,
        "tier": recipe.tier,
        "max_disparity": recipe.max_disparity,
        "convergence": recipe.convergence,
        **_depth(reports),
        "models": _models(reports),
        "comfort": _comfort(reports),
        "notes": _notes(reports, joined),
        "join": {key: value for key, value in joined.items() if key != "notes"},
    }


def _depth(reports: list[dict[str, Any]]) -> dict[str, Any]:
    sources = sorted(
        {str(report["depth_source"]) for report in reports if "depth_source" in report}
    )
    return {
        "depth_source": ", ".join(sources) or None,
        "depth_confidence": _mean("depth_confidence", reports, reports),
    }


def _models(reports: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Name, revision and licence of every model that had a part in the film, each once."""
    told = [model for report in reports for model in report.get("models", ())]
    return [model for place, model in enumerate(told) if model not in told[:place]]


def _comfort(reports: list[dict[str, Any]]) -> dict[str, float]:
    """Disparity in percent of the width: the extremes of the film, and means over its frames."""
    told = [report for report in reports if report.get("comfort")]
    parts = [report["comfort"] for report in told]
    film: dict[str, float] = {}
    for name in parts[0] if parts else ():
        if name.startswith(_EXTREMES):
            film[name] = max(part[name] for part in parts)
        else:
            film[name] = _mean(name, parts, told) or 0.0
    return film


def _mean(name: str, parts: list[dict[str, Any]], weights: list[dict[str, Any]]) -> float | None:
    """The mean of a figure of the segments, each weighing as much as it has frames."""
    known = [
        (part[name], weight.get("frames", 1))
        for part, weight in zip(parts, weights, strict=True)
        if part.get(name) is not None
    ]
    frames = sum(weight for _value, weight in known)
    return round(sum(value * weight for value, weight in known) / frames, 5) if frames else None


def _notes(reports: list[dict[str, Any]], joined: dict[str, Any]) -> list[str]:
    warnings = (text for report in reports for text in report.get("warnings", ()))
    return list(dict.fromkeys([*joined.get("notes", ()), *warnings]))
