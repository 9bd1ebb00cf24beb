"""`python -m benchmarks.engine`: the figures of the stereo engine, side by side in one run."""

import argparse
import json
import platform
from functools import partial
from pathlib import Path

from stereo_engine.scene import HARSH

from benchmarks import engine_depth, engine_quality, engine_speed

RESULTS = Path(__file__).parent / "results"
PARTS = {
    "quality": (engine_quality.table, "Right view from true disparity, dB (SSIM 0..1)"),
    "quality_harsh": (
        partial(engine_quality.table, look=HARSH),
        "The same, textures of any two colours, everything about twice as fast",
    ),
    "depth": (engine_depth.table, "Order accuracy and steadiness of depth without a model"),
    "depth_harsh": (
        partial(engine_depth.table, look=HARSH),
        "The same, textures of any two colours, everything about twice as fast",
    ),
    "speed": (engine_speed.table, "One thread at 1280x720"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    chosen = parser.parse_args().parts
    RESULTS.mkdir(exist_ok=True)
    for name in chosen:
        work, title = PARTS[name]
        scores = work()
        print(f"\n{title}\n")
        print(as_table(scores))
        kept = {"machine": f"{platform.machine()}, {platform.system()}", "scores": scores}
        (RESULTS / f"engine_{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def as_table(scores):
    """Markdown: rows of rows, or one figure a line."""
    first = next(iter(scores.values()))
    if not isinstance(first, dict):
        return "\n".join(f"| {name} | {value:.2f} |" for name, value in scores.items())
    head = ["", *first]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, row in scores.items():
        lines.append("| " + " | ".join([name, *(f"{v:.3f}" for v in row.values())]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
