"""The Batch program and the worker of a queue: what they render, when they stop, how they end."""

import json
import signal
import subprocess
import sys

import pytest
from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.conversion.create import create
from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.conversion.render import render
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.errors import RequestError
from stereo_spot.events import ChunkRequested
from stereo_spot.flow import perform
from stereo_spot.keys import SegmentKey
from stereo_spot.media.engine import Engine
from stereo_spot.model import JobOptions, Recipe, StereoMode, Tier
from stereo_spot.runtime.aws_worker import (
    cloud_renderer,
    queue_of,
    render_film,
    run_worker,
    work_off,
)
from stereo_spot.settings.aws import AwsSettings

from tests.aws import stage
from tests.aws.cloud import entrypoint
from tests.handlers.conftest import event
from tests.media.kit import Film, make

JOB = "12345678-1234-1234-1234-123456789abc"
QUICK = Recipe(tier=Tier.STUB, preset="ultrafast")


@pytest.fixture
def renderer(deployment):
    made = Engine()
    yield EngineRenderer(made, deployment)
    made.close()


@pytest.fixture
def cut(deployment, tmp_path):
    """A job of three cut segments."""
    app = deployment
    create(JobOptions(recipe=QUICK, segment_duration_s=1.0), app, job_id=JOB)
    film = make(tmp_path, Film(frames=60, gop=10))
    store_bytes(app.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})
    perform(ChunkRequested(job_id=JOB), app)
    return [SegmentKey(JOB, index, 3, StereoMode.SBS) for index in range(3)]


@pytest.fixture
def prying(deployment, tmp_path):
    """A cut segment whose recipe would write depth on the machine that renders."""
    recipe = Recipe(tier=Tier.CLASSIC, preset="ultrafast", export_depth=str(tmp_path / "maps"))
    create(JobOptions(recipe=recipe), deployment, job_id=JOB)
    film = make(tmp_path, Film(frames=10, gop=10))
    store_bytes(deployment.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})
    perform(ChunkRequested(job_id=JOB), deployment)
    return SegmentKey(JOB, 0, 1, StereoMode.SBS)


def done(app):
    return [row.segment_index for row in app.ledger.rows(JOB) if row.done]


class TestBatchProgram:
    def test_one_job_renders_all_of_its_film_that_nobody_holds(self, deployment, cut, renderer):
        assert render_film(cut[1], deployment, renderer) == 3
        assert done(deployment) == [0, 1, 2]

    def test_it_stops_going_on_when_its_time_is_over(self, deployment, cut, renderer):
        assert render_film(cut[1], deployment, renderer, go_on_s=0.0) == 1
        assert done(deployment) == [1]

    def test_a_late_job_finds_nothing_to_do(self, deployment, cut, renderer):
        render_film(cut[0], deployment, renderer)
        before = deployment.ledger.rows(JOB)

        assert entrypoint().main(["--key", str(cut[2])]) == 0
        assert deployment.ledger.rows(JOB) == before

    @pytest.mark.parametrize("key", ["", "x", f"segments/{JOB}/00003_00003_sbs.mp4", "../x"])
    def test_a_key_that_is_none_is_not_tried_again(self, deployment, key):
        assert entrypoint().main(["--key", key]) == 2

    def test_no_recipe_names_files_of_the_host(self, deployment, prying, tmp_path):
        assert entrypoint().main(["--key", str(prying)]) == 2
        (row,) = deployment.ledger.rows(JOB)
        assert "reads and writes no depth files" in row.error_text
        assert not (tmp_path / "maps").exists()

    def test_an_unknown_job_is_nothing_to_do(self, deployment):
        assert entrypoint().main(["--key", f"segments/{JOB}/00000_00001_sbs.mp4"]) == 0

    def test_a_host_that_goes_away_ends_it_at_once_with_its_own_code(self):
        code = (
            "import os, signal, runpy, sys\n"
            "sys.argv = ['entrypoint', '--key', 'x']\n"
            "import stereo_spot.keys as keys\n"
            "keys.SegmentKey.parse = lambda key: os.kill(os.getpid(), signal.SIGTERM)\n"
            "runpy.run_path('inference_container/entrypoint.py', run_name='__main__')\n"
        )
        ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)

        assert ended.returncode == 128 + signal.SIGTERM


class TestQueueWorker:
    def test_it_renders_the_segments_of_its_queue(self, deployment, cut, renderer):
        sqs = stage.client("sqs")
        queue = SqsQueue(sqs, sqs.create_queue(QueueName="q")["QueueUrl"], long_poll_s=0)
        body = event("sqs-s3-classic")
        body["Records"][0]["s3"]["object"]["key"] = str(cut[1])
        queue.send(json.dumps(body))
        turns = iter([False, True])

        work_off(queue, stage.BUCKETS, deployment, renderer, stop=lambda: next(turns))

        assert done(deployment) == [1]
        assert queue.receive() == []

    def test_a_message_whose_step_fails_stays_on_the_queue(self, deployment, cut):
        sqs = stage.client("sqs")
        queue = SqsQueue(sqs, sqs.create_queue(QueueName="q")["QueueUrl"], long_poll_s=0)
        body = event("s3-segment-stored")
        body["detail"]["object"]["key"] = str(cut[0])
        queue.send(json.dumps(body))
        broken, turns = EngineRenderer(Engine(("false",)), deployment), iter([False, True])

        work_off(queue, stage.BUCKETS, deployment, broken, stop=lambda: next(turns))

        attributes = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
        assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"
        assert [row.tries for row in deployment.ledger.rows(JOB)] == [1]

    def test_no_recipe_names_files_of_the_worker(self, deployment, prying, tmp_path):
        settings = AwsSettings.from_environment()

        with (
            cloud_renderer(settings, deployment) as renderer,
            pytest.raises(RequestError, match="depth files"),
        ):
            render(prying, deployment, renderer)

        assert not (tmp_path / "maps").exists()

    def test_a_step_without_a_queue_is_refused(self, deployment):
        with pytest.raises(RequestError, match="no queue for 'render'"):
            queue_of("render", AwsSettings.from_environment())

    def test_it_stops_when_it_is_told(self, deployment, monkeypatch):
        url = stage.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        monkeypatch.setenv("VIDEO_WORKER_QUEUE_URL", url)

        run_worker("render", AwsSettings.from_environment(), stop=lambda: True)
