"""Whole films whose segments a service makes while a worker of a queue waits for its answers."""

import json
import threading

import pytest
from stereo_spot.adapters.aws.objects import Buckets, S3ObjectStore
from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import read_all, store_bytes
from stereo_spot.events import ChunkRequested, SegmentsComplete
from stereo_spot.flow import perform
from stereo_spot.keys import FinalKey
from stereo_spot.media.engine import Engine
from stereo_spot.model import JobOptions, JobStatus, Recipe, Tier
from stereo_spot.runtime.aws import _session
from stereo_spot.runtime.aws_worker import cloud_renderer, work_off
from stereo_spot.settings.aws import AwsSettings

from inference_container.invocations import Invocations
from inference_container.server import Server
from tests.aws import stage
from tests.aws.endpoint import Endpoint
from tests.aws.test_commands import raw
from tests.media.kit import Film, Sound, make, seen

JOB = "12345678-1234-1234-1234-123456789abc"
QUICK = JobOptions(recipe=Recipe(tier=Tier.STUB, crf=0, preset="ultrafast"), segment_duration_s=1.0)
SIZE = (96, 64)


class Loading(Server):
    """A server that still loads when it is asked the first times."""

    refusals = 0
    ready = None

    @property
    def invocations(self):
        if self.refusals:
            self.refusals -= 1
            return None
        return self.ready


@pytest.fixture
def engine():
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def server(engine, tmp_path):
    s3 = stage.client("s3")
    running = Loading(("127.0.0.1", 0))
    running.ready = Invocations(
        objects=lambda films, results: S3ObjectStore(s3, Buckets(films, results)),
        engine=engine,
        scratch=tmp_path / "container",
    )
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def http(deployment, server, monkeypatch):
    monkeypatch.setenv("INFERENCE_BACKEND", "http")
    monkeypatch.setenv("INFERENCE_HTTP_URL", f"http://127.0.0.1:{server.server_port}")


@pytest.fixture
def realtime(deployment, engine, monkeypatch, tmp_path):
    monkeypatch.setenv("INFERENCE_BACKEND", "sagemaker")
    monkeypatch.setenv("SAGEMAKER_ENDPOINT_NAME", "e")
    monkeypatch.setenv("SAGEMAKER_CALLS", "realtime")
    endpoint = Endpoint(engine, tmp_path / "container", outputs="", failures="", tell=None)
    endpoint.on(_session().get_component("event_emitter"))
    yield endpoint
    endpoint.close()
    _session.cache_clear()


def convert(app, film):
    """Cut the film, let a worker render what its queue names, and join."""
    create(QUICK, app, job_id=JOB)
    store_bytes(app.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})
    perform(ChunkRequested(job_id=JOB), app)
    sqs = stage.client("sqs")
    queue = SqsQueue(sqs, sqs.create_queue(QueueName="q")["QueueUrl"], long_poll_s=0)
    keys = [info.key for info in app.objects.list(f"segments/{JOB}/")]
    for key in keys:
        queue.send(json.dumps(raw(key)))
    turns = iter([False] * len(keys) + [True])
    with cloud_renderer(AwsSettings.from_environment(), app) as renderer:
        work_off(queue, stage.BUCKETS, app, renderer, stop=lambda: next(turns))
    perform(SegmentsComplete(job_id=JOB), app)


def assert_whole(app, film, tmp_path):
    job = app.jobs.get(JOB)
    assert job.status is JobStatus.COMPLETED, (job.error_kind, job.error_text)
    (tmp_path / "final.mp4").write_bytes(read_all(app.objects.open(str(FinalKey(JOB)))))
    before, after = seen(film), seen(tmp_path / "final.mp4", crop=SIZE)
    assert after.crcs == before.crcs and after.times == before.times
    rows = app.ledger.rows(JOB)
    assert [row.report["frames"] for row in rows] == [25, 25, 10], "the reports came along"
    assert [row.tries + row.reclaims for row in rows] == [0, 0, 0]


@pytest.fixture
def film(tmp_path):
    return make(tmp_path, Film(frames=60, size=SIZE, gop=10, sounds=(Sound(),)))


def test_a_server_makes_a_film_and_may_load_for_a_while(deployment, http, server, film, tmp_path):
    server.refusals = 1

    convert(deployment, film)

    assert_whole(deployment, film, tmp_path)
    assert server.refusals == 0, "it said 503 first"


def test_an_endpoint_that_answers_at_once_makes_a_film(deployment, realtime, film, tmp_path):
    convert(deployment, film)

    assert_whole(deployment, film, tmp_path)
    assert len(realtime.asked) == 3
