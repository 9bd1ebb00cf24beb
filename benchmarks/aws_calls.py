"""Calls to the stores per segment.

    python -m benchmarks.aws_calls [--segments 10 100 1000] [--json FILE]

The calls are counted at the client, on moto, through the steps themselves: a worker's claim, its
heartbeat, its completion, and the trigger's answer to the stored object.
"""

import argparse
import json
import logging
import os
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
JOB = "12345678-1234-1234-1234-123456789abc"


def calls_of_a_film(total):
    """Calls for a film of `total` segments: of each segment but the last, and of the last."""
    from moto import mock_aws
    from stereo_spot.conversion.complete import complete
    from stereo_spot.conversion.create import create
    from stereo_spot.keys import RenderedKey
    from stereo_spot.model import JobOptions
    from stereo_spot.runtime.aws import services_of
    from stereo_spot.settings.aws import AwsSettings
    from stereo_spot.transitions import job as moves
    from stereo_spot.transitions import segment as claims

    from tests.aws import stage
    from tests.handlers.test_steps import FACTS

    os.environ.update(stage.environment())
    with mock_aws():
        stage.make_tables(stage.client("dynamodb"))
        stage.make_buckets(stage.client("s3"))
        stage.make_rest()
        app = services_of(AwsSettings.from_environment())
        create(JobOptions(), app, job_id=JOB)
        app.jobs.apply(JOB, *moves.claim_chunk(app.clock(), "a", 60.0, etag="e", size=1))
        job = app.jobs.apply(
            JOB, moves.commit_plan(app.clock(), digest="p", total=total, facts=FACTS)
        )
        _store_rendered(app, total)
        per_segment, last = Counter(), Counter()
        for index in range(total):
            with _Counted(app) as seen:
                app.jobs.get(JOB)
                app.objects.head(str(RenderedKey(JOB, index)))
                claim = claims.claim(app.clock(), "w", 60.0, job=job, index=index)
                app.ledger.apply(JOB, index, *claim)
                app.ledger.apply(JOB, index, claims.heartbeat(app.clock(), "w", 60.0, 1))
                complete(RenderedKey(JOB, index), app, creates=False)
                complete(RenderedKey(JOB, index), app)
            if index < total - 1:
                per_segment += seen
            else:
                last = seen
        each = {name: count / (total - 1) for name, count in sorted(per_segment.items())}
        return {"segments": total, "each": each, "last": dict(sorted(last.items()))}


def _store_rendered(app, total):
    from stereo_spot.conversion.stored import store_bytes

    for index in range(total):
        mark = {"plan_digest": "p", "index": str(index), "n_frames": "1"}
        store_bytes(app.objects, f"jobs/{JOB}/segments/{index}.mp4", b"x", mark)


class _Counted:
    """Counts the calls of all clients of the ports."""

    def __init__(self, app):
        self._clients = [app.jobs._table._client, app.objects._client, app.bus._client]
        self._seen = Counter()

    def _note(self, model, **_):
        self._seen[model.name] += 1

    def __enter__(self):
        for client in self._clients:
            client.meta.events.register("before-parameter-build", self._note)
        return self._seen

    def __exit__(self, *_):
        for client in self._clients:
            client.meta.events.unregister("before-parameter-build", self._note)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    began = time.time()
    found = {
        "calls": [calls_of_a_film(total) for total in options.segments],
        "seconds": None,
    }
    found["seconds"] = round(time.time() - began, 1)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    print("| segments | calls for each segment | calls of the last one |\n|---|---|---|")
    for row in found["calls"]:
        each = ", ".join(f"{name} {count:g}" for name, count in row["each"].items())
        last = ", ".join(f"{name} {count}" for name, count in row["last"].items())
        print(f"| {row['segments']} | {each} | {last} |")


if __name__ == "__main__":
    main()
