"""The operator's tools, the queues, the bus and Batch."""

import json

import pytest
import requests
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from stereo_spot.adapters.aws.bus import EventBridgeBus
from stereo_spot.adapters.aws.envelopes import events_of
from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.adapters.aws.renders import BatchRenderQueue, SqsRenderQueue
from stereo_spot.conversion.create import create
from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.errors import MachineError, RequestError
from stereo_spot.events import JobFailed, ObjectStored
from stereo_spot.keys import SegmentKey
from stereo_spot.media.engine import Engine
from stereo_spot.model import JobOptions, JobStatus, StereoMode
from stereo_spot.runtime.aws import StartedAtOnce, services_of
from stereo_spot.runtime.aws_smoke import smoke
from stereo_spot.runtime.aws_tools import letters, recover, redrive, settings_of
from stereo_spot.runtime.aws_worker import work_off
from stereo_spot.settings.aws import AwsSettings
from stereo_spot.transitions import job as moves

from tests.aws import stage
from tests.handlers.conftest import event
from tests.template.conftest import CHOICES
from tests.template.translated import Stack, translate

JOB = "12345678-1234-1234-1234-123456789abc"


@pytest.fixture
def sqs(aws):
    return stage.client("sqs")


@pytest.fixture
def new_queue(sqs):
    def make(name):
        return SqsQueue(sqs, sqs.create_queue(QueueName=name)["QueueUrl"], long_poll_s=0)

    return make


class TestQueues:
    def test_dead_letters_are_looked_at_without_being_taken(self, new_queue):
        queue = new_queue("dead")
        queue.send('{"a": 1}')
        queue.send("not json")

        for _ in range(2):
            found = letters(queue)
            assert sorted(str(letter.body) for letter in found) == ["not json", "{'a': 1}"]

    def test_a_redrive_moves_every_message(self, new_queue):
        dead, target = new_queue("dead"), new_queue("target")
        for number in range(23):
            dead.send(str(number))

        assert redrive(dead, target) == 23
        assert letters(dead) == []
        assert sorted(int(letter.body) for letter in letters(target)) == list(range(23))

    def test_a_discard_removes_them(self, new_queue):
        dead = new_queue("dead")
        dead.send("x")

        assert redrive(dead, None) == 1
        assert letters(dead) == []

    def test_a_worker_of_a_queue_passes_over_what_it_cannot_read_and_keeps_what_failed(
        self, deployment, new_queue
    ):
        queue = new_queue("video-worker")
        create(JobOptions(), deployment, job_id=JOB)
        for body in ("not json", json.dumps(event("sqs-s3-test")), json.dumps({"job_id": JOB})):
            queue.send(body)
        queue.send(json.dumps(event("sqs-s3-classic")))
        renderer, turns = EngineRenderer(Engine(), deployment), iter([False] * 6 + [True])

        work_off(queue, stage.BUCKETS, deployment, renderer, stop=lambda: next(turns))

        assert letters(queue) == []


class TestBus:
    def test_an_event_arrives_as_it_was_sent(self, deployment, sqs):
        url = sqs.create_queue(QueueName="tap")["QueueUrl"]
        events = stage.client("events")
        events.put_rule(
            Name="tap", EventBusName=stage.BUS, EventPattern='{"source": ["stereo-spot"]}'
        )
        arn = "arn:aws:sqs:us-east-1:123456789012:tap"
        events.put_targets(Rule="tap", EventBusName=stage.BUS, Targets=[{"Id": "t", "Arn": arn}])
        told = JobFailed(job_id=JOB, round=2, error_kind="segment_failed", error_text="ü" * 10)

        EventBridgeBus(events, stage.BUS).publish(told)

        (message,) = SqsQueue(sqs, url, long_poll_s=0).receive()
        body = json.loads(message.body)
        assert (body["source"], body["detail-type"]) == ("stereo-spot", "JobFailed")
        assert JobFailed.model_validate(body["detail"]) == told

    def test_a_bus_that_refuses_is_tried_again_and_then_told_of(self):
        class Refusing:
            calls = 0

            def put_events(self, **_):
                self.calls += 1
                return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

        refusing = Refusing()
        with pytest.raises(MachineError, match="Throttling"):
            EventBridgeBus(refusing, "b").publish(ObjectStored(key="k"))
        assert refusing.calls > 1


KEY = SegmentKey(JOB, 1, 2, StereoMode.SBS)


def answering(client, call, body, sent):
    """A client whose one call is answered here: moto runs no such service."""

    def answer(request, **_):
        sent.append(request)
        return AWSResponse(request.url, 202, {}, MockRawResponse(body))

    client.meta.events.unregister("before-send", stage.answered)
    client.meta.events.register(f"before-send.{call}", answer)
    return client


class TestRenders:
    def test_batch_gets_the_key_as_a_parameter(self, aws):
        sent = []
        batch = answering(
            stage.client("batch"), "batch.SubmitJob", b'{"jobId": "1", "jobName": "n"}', sent
        )

        BatchRenderQueue(batch, queue="q", definition="d").submit([KEY])

        asked = json.loads(sent[0].body)
        assert asked["parameters"] == {"key": str(KEY)}
        assert (asked["jobQueue"], asked["jobDefinition"]) == ("q", "d")

    def test_a_queue_gets_what_s3_would_have_sent(self, new_queue):
        queue = new_queue("video-worker")

        SqsRenderQueue(queue, stage.BUCKETS).submit([KEY])

        (message,) = queue.receive()
        assert events_of(message.body, stage.BUCKETS) == [ObjectStored(key=str(KEY))]

    @pytest.mark.parametrize("target", ["batch", "queue", "sagemaker"])
    def test_the_environment_chooses_where_segments_go(self, deployment, monkeypatch, target):
        monkeypatch.setenv("SEGMENT_TARGET", target)

        chosen = services_of(AwsSettings.from_environment()).renders

        kinds = {"batch": BatchRenderQueue, "queue": SqsRenderQueue, "sagemaker": StartedAtOnce}
        assert type(chosen) is kinds[target]


class TestRecover:
    def test_an_unknown_job_is_refused(self, deployment):
        with pytest.raises(RequestError):
            recover(JOB, deployment)

    def test_a_job_whose_last_events_were_lost_goes_on(self, deployment):
        create(JobOptions(), deployment, job_id=JOB)
        deployment.jobs.apply(
            JOB, *moves.claim_chunk(deployment.clock(), "a", -1.0, etag="e", size=1)
        )

        told = recover(JOB, deployment)

        assert (told.before, told.after) == (JobStatus.CHUNKING_IN_PROGRESS,) * 2
        assert told.asked_for == ("chunk",)

    @pytest.mark.parametrize("choice", ["classic", "queue", "sagemaker", "realtime"])
    def test_a_stacks_outputs_name_its_settings(self, choice):
        stack = Stack(translate(), **CHOICES[choice])

        found = settings_of(stack.outputs(), "eu-west-1")

        assert (found.jobs_table, found.region) == (stack.physical("JobsTable"), "eu-west-1")
        trigger = stack.of("AWS::Lambda::Function")["TriggerFunction"]["Environment"]["Variables"]
        told = AwsSettings.model_validate({**trigger, "AWS_REGION": "eu-west-1"})
        wheres = ("segment_target", "sagemaker_endpoint", "sagemaker_calls", "video_worker_queue")
        for name in (*wheres, "render_queue", "render_definition", "segments_table", "event_bus"):
            assert getattr(found, name) == getattr(told, name), name


def by_requests(method, url, headers, body):
    answer = requests.request(method, url, headers=headers, data=body, timeout=10)
    return answer.status_code, answer.content


class TestSmoke:
    def test_every_check_passes_on_a_deployment_and_nothing_is_left(self, deployment, new_queue):
        checks = list(
            smoke(deployment, {"video-worker": new_queue("video-worker")}, fetch=by_requests)
        )

        assert [
            (check.name, check.passed, check.detail) for check in checks if not check.passed
        ] == []
        assert len(checks) == 5
        assert list(deployment.objects.list("")) == []

    def test_a_store_that_lets_the_second_writer_win_is_found_out(self, deployment, s3):
        from dataclasses import replace

        from stereo_spot.adapters.aws.objects import S3ObjectStore

        forgetful = stage.client("s3")
        forgetful.meta.events.register(
            "provide-client-params.s3.PutObject",
            lambda params, **_: {k: v for k, v in params.items() if k != "IfNoneMatch"},
        )
        app = replace(deployment, objects=S3ObjectStore(forgetful, stage.BUCKETS))

        failed = [check for check in smoke(app, {}, fetch=by_requests) if not check.passed]

        assert [check.name for check in failed] == ["first writer wins"]
        assert "If-None-Match" in failed[0].detail
