"""Films whose segments a SageMaker endpoint makes: started by the trigger, ended by the object."""

import json
import threading
import time

import pytest
from stereo_spot.adapters.aws.sagemaker import SageMakerRenderer, failed_invocation
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.errors import ErrorKind, StepError
from stereo_spot.events import ChunkRequested
from stereo_spot.flow import perform
from stereo_spot.keys import RenderedKey, SegmentKey
from stereo_spot.media.engine import Engine
from stereo_spot.model import JobOptions, JobStatus, Recipe, StereoMode, Tier
from stereo_spot.ports import Outcome
from stereo_spot.runtime.aws import _session, aws_settings, services

from tests.aws import stage
from tests.aws.cloud import Cloud
from tests.aws.endpoint import Endpoint
from tests.aws.test_flow import assert_whole, film, upload  # noqa: F401
from tests.media.kit import Film, make
from tests.template.translated import Stack, translate

JOB = "12345678-1234-1234-1234-123456789abc"


class Faulty:
    """An engine that fails as often as it is told to."""

    def __init__(self):
        self.engine, self.failures, self.renders = Engine(), 0, 0

    def render(self, job, progress):
        self.renders += 1
        if self.failures:
            self.failures -= 1
            raise StepError(ErrorKind.OUT_OF_MEMORY, 'no "room" for {this}')
        return self.engine.render(job, progress)

    def stop(self):
        self.engine.stop()


@pytest.fixture
def engine():
    made = Faulty()
    yield made
    made.engine.close()


@pytest.fixture
def cloud(aws, monkeypatch, tmp_path, engine):
    """The stack that renders by an endpoint, and the endpoint as the template describes it."""
    stack = Stack(translate(), Tier="stub", SegmentTarget="sagemaker")
    made = Cloud(stack, monkeypatch, tmp_path / "scratch")
    (config,) = stack.of("AWS::SageMaker::EndpointConfig").values()
    outputs = config["AsyncInferenceConfig"]["OutputConfig"]
    topic = outputs["NotificationConfig"]["ErrorTopic"]
    (queue,) = (
        found["Endpoint"].rpartition(":")[2]
        for found in stack.of("AWS::SNS::Subscription").values()
        if found["TopicArn"] == topic and found["Protocol"] == "sqs" and found["RawMessageDelivery"]
    )
    sqs = stage.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    endpoint = Endpoint(
        engine,
        tmp_path / "container",
        outputs=outputs["S3OutputPath"],
        failures=outputs["S3FailurePath"],
        tell=lambda news: _told(made, sqs, url, news),
    )
    endpoint.on(_session().get_component("event_emitter"))
    made.endpoint = endpoint
    yield made
    endpoint.close()
    _session.cache_clear()
    aws_settings.cache_clear()
    services.cache_clear()


def _told(cloud, sqs, url, news):
    cloud._role = None  # it is SNS that sends
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(news))


def run(cloud):
    """Events and the endpoint's queue, until nothing is left of either."""
    cloud.run()
    while cloud.endpoint.waiting:
        cloud._role = "EndpointRole"
        cloud.endpoint.work()
        cloud._role = None
        cloud.run()


def test_a_film_comes_out_whole_and_the_report_came_along(cloud, engine, film, tmp_path):  # noqa: F811
    cloud.twice = True
    app = cloud.services()
    job_id = upload(app, film)

    run(cloud)

    job = assert_whole(app, job_id, film, tmp_path)
    assert engine.renders == len(cloud.endpoint.asked) == 3, "every event came twice"
    assert [row.report["frames"] for row in app.ledger.rows(job_id)] == [25, 25, 10]
    assert "stub tier" in " ".join(job.result["notes"])
    assert cloud.missing_rights() == []


def test_a_failure_is_a_try_with_its_reason_and_is_made_good(cloud, engine, film, tmp_path):  # noqa: F811
    app = cloud.services()
    engine.failures = 2
    job_id = upload(app, film)

    run(cloud)

    assert_whole(app, job_id, film, tmp_path)
    rows = app.ledger.rows(job_id)
    assert sum(row.tries for row in rows) == 2
    assert {row.error_text for row in rows if row.tries} == {'no "room" for {this}'}


def test_a_segment_that_always_fails_ends_the_job_with_its_reason(cloud, engine, film):  # noqa: F811
    app = cloud.services()
    engine.failures = 100
    job_id = upload(app, film)

    run(cloud)

    job = app.jobs.get(job_id)
    assert (job.status, job.error_kind) == (JobStatus.FAILED, "out_of_memory")
    assert job.error_text == 'no "room" for {this}' and job.error_segment is not None


def test_an_invocation_that_vanished_is_started_again_when_its_time_is_over(
    cloud,
    engine,
    film,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    app = cloud.services()
    job_id = upload(app, film)
    cloud.run()
    cloud.endpoint.waiting.clear()
    cloud.tick()
    assert len(cloud.endpoint.waiting) == 0, "they are held"

    later = time.time() + 8 * 3600
    monkeypatch.setattr("time.time", lambda: later)
    services.cache_clear()
    cloud.tick()
    run(cloud)

    assert_whole(app, job_id, film, tmp_path)
    assert [row.reclaims for row in app.ledger.rows(job_id)] == [1, 1, 1]


class TestRealTime:
    """A worker of a queue that waits for the endpoint's answer."""

    @pytest.fixture
    def cut(self, deployment, tmp_path):
        recipe = Recipe(tier=Tier.STUB, preset="ultrafast")
        create(JobOptions(recipe=recipe), deployment, job_id=JOB)
        source = make(tmp_path, Film(frames=10, gop=10))
        store_bytes(deployment.objects, f"input/{JOB}/source.mp4", source.read_bytes(), {})
        perform(ChunkRequested(job_id=JOB), deployment)
        return deployment.objects.head(str(SegmentKey(JOB, 0, 1, StereoMode.SBS)))

    @pytest.fixture
    def endpoint(self, deployment, engine, tmp_path):
        made = Endpoint(engine, tmp_path / "c", outputs="", failures="", tell=None)
        yield made
        made.close()

    @pytest.fixture
    def renderer(self, endpoint):
        runtime, s3 = stage.client("sagemaker-runtime"), stage.client("s3")
        endpoint.on(runtime.meta.events)
        times = {"patience_s": 0.1, "pause_s": 0.01}
        return SageMakerRenderer(
            runtime, s3, endpoint="e", buckets=stage.BUCKETS, realtime=True, **times
        )

    def made(self, renderer, info):
        return renderer.make(info, RenderedKey(JOB, 0), run="r", progress=lambda frames: None)

    def test_it_is_stored_when_the_call_returns(self, deployment, cut, renderer):
        assert self.made(renderer, cut) is Outcome.STORED
        assert deployment.objects.head(str(RenderedKey(JOB, 0))).metadata["n_frames"] == "10"

    def test_a_refusal_keeps_its_kind(self, cut, renderer, engine):
        engine.failures = 1

        with pytest.raises(Exception, match='no "room"') as caught:
            self.made(renderer, cut)
        assert caught.value.kind == "out_of_memory"

    def test_an_endpoint_that_is_never_ready_is_a_failure_in_the_end(self, cut, renderer, endpoint):
        endpoint.close()
        endpoint.start(loads_s=60)

        with pytest.raises(StepError, match="the endpoint e was not ready for"):
            self.made(renderer, cut)
        assert len(endpoint.asked) > 1

    def test_waiting_ends_when_the_job_does(self, cut, renderer, endpoint):
        endpoint.refusals.extend([(429, "ModelNotReadyException")] * 100)
        threading.Timer(0.03, renderer.stop).start()

        assert self.made(renderer, cut) is Outcome.STOPPED


NEWS = {
    "invocationStatus": "Failed",
    "inferenceId": "run",
    "failureReason": "ClientError: the container did not answer in time",
    "requestParameters": {
        "endpointName": "e",
        "inputLocation": f"s3://b/sagemaker-invocation-requests/{JOB}/7.json",
    },
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_news_of_a_failure_names_the_segment_and_the_run(wrapped):
    body = {"Type": "Notification", "Message": json.dumps(NEWS)} if wrapped else NEWS

    found = failed_invocation(body)

    assert (found.target, found.run) == (RenderedKey(JOB, 7), "run")
    assert found.error.kind == "segment_failed" and "did not answer" in found.error.message


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {"Type": "Notification"},
        {"Type": "Notification", "Message": "x"},
        NEWS | {"invocationStatus": "Completed"},
        NEWS | {"requestParameters": {"inputLocation": "s3://b/other"}},
    ],
)
def test_anything_else_is_no_such_news(body):
    assert failed_invocation(body) is None
