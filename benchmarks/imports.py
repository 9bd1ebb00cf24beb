"""Import time of each Lambda handler beside its framework alone, and what of it is whose.

    python -m benchmarks.imports [--rounds 9] [--json FILE]

CPU time of fresh processes with compiled bytecode, as in an image, taken in turns; the median is
shown. `ready` is the handler with its clients of AWS made too: what the first request waits for.
The shares by package come from one run of `python -X importtime` and are wall time.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WEB = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/v1/jobs/{job_id}")
def job(job_id: str) -> dict[str, str]: return {}
Mangum(app, lifespan="off")
"""
_STEP = "import aws_lambda_powertools, boto3, pydantic"
BARE = {"api": "import fastapi, mangum", "chunker": _STEP, "reassembler": _STEP, "trigger": _STEP}
_READY = "; from stereo_spot.runtime.aws import services; services()"
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| *(\S+)")


def cases():
    """What is run: name -> statement."""
    made = {"a FastAPI application of one route": _WEB}
    for name, bare in BARE.items():
        made[f"{name}: framework alone"] = bare
        made[f"{name}: handler"] = f"import src.{name}.handler"
        made[f"{name}: ready"] = f"import src.{name}.handler{_READY}"
    return made


def environment(folder):
    names = ["INPUT_BUCKET_NAME", "OUTPUT_BUCKET_NAME", "JOBS_TABLE_NAME"]
    names += ["SEGMENT_COMPLETIONS_TABLE_NAME", "POWERTOOLS_METRICS_NAMESPACE"]
    names += ["POWERTOOLS_SERVICE_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    regions = dict.fromkeys(["AWS_REGION", "AWS_DEFAULT_REGION"], "us-east-1")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPYCACHEPREFIX": folder,
        **regions,
        **dict.fromkeys(names, "x"),
    }


def python(statement, given, *options):
    command = [sys.executable, *options, "-c", statement]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=given)


def times(given, rounds):
    """Median CPU seconds of each case."""
    found = {name: [] for name in cases()}
    for number in range(rounds + 1):
        for name, statement in cases().items():
            code = f"import time\nt = time.process_time()\n{statement}\n"
            told = python(code + "print(time.process_time() - t)", given)
            if number:  # the first one compiles
                found[name].append(float(told.stdout))
    return {name: round(statistics.median(seen), 4) for name, seen in found.items()}


def shares(given):
    """Milliseconds that the modules of each package take in the API's handler, without others'."""
    told = python("import src.api.handler", given, "-X", "importtime").stderr
    found = Counter()
    for own, module in _LINE.findall(told):
        depth = 2 if module.startswith(("stereo_spot", "pydantic.v1")) else 1
        found[".".join(module.split(".")[:depth])] += int(own) / 1000
    return {name: round(value, 1) for name, value in found.most_common(15)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    began = time.time()
    with tempfile.TemporaryDirectory() as folder:
        given = environment(folder)
        found = {"cpu_s": times(given, options.rounds), "api_ms": shares(given)}
    found["ratio"] = {
        name: round(
            found["cpu_s"][f"{name}: handler"] / found["cpu_s"][f"{name}: framework alone"], 2
        )
        for name in BARE
    }
    found["seconds"] = round(time.time() - began, 1)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    print("| handler | framework alone, s | import, s | ratio | ready, s |\n|---|---|---|---|---|")
    for name, ratio in found["ratio"].items():
        bare, ours, ready = (
            found["cpu_s"][f"{name}: {what}"] for what in ("framework alone", "handler", "ready")
        )
        print(f"| {name} | {bare:.3f} | {ours:.3f} | {ratio:.2f} | {ready:.3f} |")
    print(f"\na FastAPI application of one route: {next(iter(found['cpu_s'].values())):.3f} s")
    print("the API's handler by package, ms:", found["api_ms"])


if __name__ == "__main__":
    main()
