"""`python -m benchmarks.models_memory`: peak memory of the whole engine, 100 frames to 1,000.

Every tier, from file to file, each film in a fresh process; the model tiers with tiny weights, so
that what grows with the film would show beside them.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stereo_engine.registry import TIERS

from tests.engine.films import moving_pictures, write_film
from tests.models import tiny

RESULTS = Path(__file__).parent / "results" / "models_memory.json"
COUNTS = (100, 300, 1000)
SIZES = {"classic": (384, 216), "fast": (128, 72), "quality": (64, 48)}


def peak_mib(tier, film, out, weights):
    """Peak resident MiB of the program for one film."""
    command = [sys.executable, "-W", "ignore", "-m", "stereo_engine", str(film), str(out)]
    names = ",".join(model.name for models in TIERS.values() for model in models)
    env = os.environ | {"WEIGHTS_DIR": str(weights), "ACCEPT_LICENCE": names}
    with subprocess.Popen(
        [*command, "--tier", tier], env=env | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the engine failed: {process.returncode}")
    return usage.ru_maxrss / 1024


def main():
    kept = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        weights = tiny.save_weights(root / "weights")
        for tier, size in SIZES.items():
            scene = moving_pictures(40, *size)
            kept[tier] = {"size": list(size)}
            for count in COUNTS:
                frames = [scene[abs(at % 78 - 39)] for at in range(count)]
                film = write_film(root / "film.mp4", frames)
                kept[tier][str(count)] = round(peak_mib(tier, film, root / "out.mp4", weights), 1)
                print(f"{tier:8} {count:5} frames: {kept[tier][str(count)]:7.1f} MiB", flush=True)
                RESULTS.write_text(json.dumps({"peak_mib": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
