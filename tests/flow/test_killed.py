"""Killed at any moment, a conversion goes on at once and loses nothing."""

import random
import re
import time

import numpy as np
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.rows import SqliteJobStore, SqliteLedger
from stereo_spot.model import JobStatus

from tests.flow.command import kill_tree, run, run_json, shown, start

KILLS = 10


def done_runs(data) -> dict[int, int]:
    """How often each finished segment was rendered."""
    database = Database(data / "state.db")
    try:
        jobs = SqliteJobStore(database).page(tuple(JobStatus)).jobs
        rows = SqliteLedger(database).rows(jobs[0].job_id) if jobs else []
        return {row.segment_index: row.runs for row in rows if row.done}
    finally:
        database.close()


def test_ten_kills_of_the_whole_tree_change_nothing_in_the_film(long_film, tmp_path):
    options = ("--segment-duration", 0.5, "--workers", 2)
    calm = run_json(
        "convert", long_film, "-o", tmp_path / "calm.mp4", *options, "--data", tmp_path / "c"
    )
    assert calm["segments"] >= 20
    arguments = ("convert", long_film, "-o", tmp_path / "o.mp4", *options, "--data", tmp_path / "d")
    moments = random.Random(20)
    seen: dict[int, int] = {}
    finished_at_kill = []
    for _ in range(KILLS):
        process = start(*arguments)
        time.sleep(moments.uniform(0.3, 2.2))
        kill_tree(process)
        now = done_runs(tmp_path / "d") if (tmp_path / "d/state.db").exists() else {}
        assert seen.items() <= now.items(), "a finished segment was rendered again"
        seen = now
        finished_at_kill.append(len(now))

    began = time.monotonic()
    told = run_json(*arguments)

    assert time.monotonic() - began < 60, "it waited out a lease"
    assert seen.items() <= done_runs(tmp_path / "d").items()
    assert told["frames"] == 300
    for (at, a), (bt, b) in zip(
        shown(tmp_path / "calm.mp4"), shown(tmp_path / "o.mp4"), strict=True
    ):
        assert at == bt
        assert np.array_equal(a, b)
    print("segments finished at each kill:", finished_at_kill)


def test_a_killed_run_says_that_it_goes_on(long_film, tmp_path):
    arguments = ("convert", long_film, "-o", tmp_path / "o.mp4", "--segment-duration", 0.5,
                 "--data", tmp_path / "d")  # fmt: skip
    process = start(*arguments)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (tmp_path / "d/state.db").exists() and len(done_runs(tmp_path / "d")) >= 3:
            break
        time.sleep(0.05)
    kill_tree(process)

    told = run(*arguments)

    going_on = re.search(r"stopped: (\d+) of 24 segments", told.stderr)
    assert going_on and int(going_on[1]) >= 3
    assert "300 frames." in told.stderr and "frames/s" not in told.stderr, "an earlier run's, too"
    assert len(shown(tmp_path / "o.mp4")) == 300
