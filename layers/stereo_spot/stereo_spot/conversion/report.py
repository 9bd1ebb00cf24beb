"""What a finished film is, as the job's `result`: counts, timing, depth, notes."""

from typing import Any

from stereo_spot.media.inspect import RenderedFacts
from stereo_spot.model import Plan, Segment
from stereo_spot.ports import ObjectInfo


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
        "notes": _notes(reports, joined),
        "join": {key: value for key, value in joined.items() if key != "notes"},
    }


def _depth(reports: list[dict[str, Any]]) -> dict[str, Any]:
    sources = sorted(
        {str(report["depth_source"]) for report in reports if "depth_source" in report}
    )
    confidences = [
        (report["depth_confidence"], report.get("frames", 1))
        for report in reports
        if report.get("depth_confidence") is not None
    ]
    frames = sum(weight for _value, weight in confidences)
    mean = sum(value * weight for value, weight in confidences) / frames if frames else None
    return {
        "depth_source": ", ".join(sources) or None,
        "depth_confidence": round(mean, 3) if mean is not None else None,
    }


def _notes(reports: list[dict[str, Any]], joined: dict[str, Any]) -> list[str]:
    warnings = (text for report in reports for text in report.get("warnings", ()))
    return list(dict.fromkeys([*joined.get("notes", ()), *warnings]))
