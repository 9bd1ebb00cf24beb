"""Whatever arrives, a function passes it over or refuses it; nothing blocks what comes behind."""

import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stereo_spot.conversion.create import create
from stereo_spot.model import JobOptions, JobStatus
from stereo_spot.runtime.aws import aws_settings, services
from stereo_spot.transitions import job as moves

from tests.aws import stage
from tests.handlers.conftest import JOB, event

STEPS = ("chunker", "trigger", "reassembler")
SAMPLES = (
    "batch-job-failed",
    "bus-chunk-requested",
    "bus-job-completed",
    "bus-job-failed",
    "bus-segments-complete",
    "s3-folder-marker",
    "s3-foreign-bucket",
    "s3-odd-key",
    "s3-segment-rendered",
    "s3-segment-stored",
    "s3-source-stored",
    "sqs-s3-test",
    "sqs-s3-classic",
)
NAMES = (
    "Records", "source", "detail-type", "detail", "bucket", "name", "object", "key", "job_id",
    "kind", "parameters", "status", "id", "body", "messageId", "requestPayload", "Message", "Type",
    "invocationStatus", "inferenceId", "requestParameters", "inputLocation",
)  # fmt: skip
WORDS = (
    "aws.s3", "aws.batch", "aws.events", "stereo-spot", "Object Created", "ChunkRequested",
    "SegmentsComplete", "Batch Job State Change", "Notification", "Failed", JOB,
    stage.BUCKETS.input,
    f"input/{JOB}/source.mp4", f"segments/{JOB}/00000_00002_sbs.mp4", f"jobs/{JOB}/segments/0.mp4",
    f"s3://x/sagemaker-invocation-requests/{JOB}/0.json", "input/", "../../etc/passwd", "\x00", "",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)
A_FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def warnings(capsys):
    lines = [line for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    return [said for said in map(json.loads, lines) if said.get("level") in ("WARNING", "ERROR")]


@pytest.fixture(params=STEPS)
def step(request):
    return request.param


@pytest.fixture(autouse=True)
def sent_on(deployment, monkeypatch):
    """Where segments are handed on."""
    url = stage.client("sqs").create_queue(QueueName="video-worker")["QueueUrl"]
    monkeypatch.setenv("SEGMENT_TARGET", "queue")
    monkeypatch.setenv("VIDEO_WORKER_QUEUE_URL", url)
    aws_settings.cache_clear()
    services.cache_clear()


def test_samples_of_an_unknown_job_are_passed_over(invoke, deployment, step):
    for name in SAMPLES * 2:
        invoke(step, name)

    assert deployment.jobs.get(JOB) is None
    assert list(deployment.objects.list("")) == []


def test_samples_of_a_deleted_job_change_nothing(invoke, deployment, step):
    create(JobOptions(), deployment, job_id=JOB)
    deployment.jobs.apply(JOB, moves.delete(deployment.clock()))

    for name in SAMPLES:
        invoke(step, name)

    assert deployment.jobs.get(JOB).status is JobStatus.DELETED
    assert deployment.ledger.rows(JOB) == []
    assert list(deployment.objects.list("")) == []


@A_FEW
@given(given_event=st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_no_event_breaks_a_function(invoke, step, given_event):
    invoke(step, given_event)


@A_FEW
@given(bodies=st.lists(ANYTHING.map(json.dumps) | st.sampled_from(WORDS), min_size=1, max_size=4))
def test_no_dead_letter_blocks_the_others(invoke, deployment, bodies):
    records = [
        {"messageId": str(uuid.uuid4()), "body": body, "eventSource": "aws:sqs"} for body in bodies
    ]
    assert invoke("trigger", {"Records": records}) == {"batchItemFailures": []}


def test_what_claims_to_be_ours_and_is_not_is_refused_once(invoke, step, capsys):
    for name in ("bus-chunk-requested", "bus-segments-complete"):
        for job_id in ("../x", "", None, 7, JOB.upper(), JOB + "\n", [JOB]):
            broken = event(name)
            broken["detail"]["job_id"] = job_id

            invoke(step, broken)

            assert [said["kind"] for said in warnings(capsys)] == ["bad_event"], job_id


NEARLY = [
    f"input/{JOB}/source.mp4 ",
    f"input/{JOB}//source.mp4",
    f"input/{JOB}/../{JOB}/source.mp4",
    f"input/{JOB.upper()}/source.mp4",
    f"input/{JOB}/source.mp4%00",
    "input/" + "ü" * 500,
    f"segments/{JOB}/00002_00002_sbs.mp4",
    f"segments/{JOB}/00000_99999999_sbs.mp4",
    f"jobs/{JOB}/segments/00.mp4",
    f"jobs/{JOB}/segments/-1.mp4",
    f"jobs/{JOB}/segments/٣.mp4",
    "jobs/*/segments/*",
]


def test_a_key_that_is_nearly_ours_wakes_nothing(invoke, deployment, step):
    create(JobOptions(), deployment, job_id=JOB)
    before = deployment.jobs.get(JOB)
    stored = event("s3-source-stored")
    for key in NEARLY:
        stored["detail"]["object"]["key"] = key
        stored["detail"]["bucket"]["name"] = stage.BUCKETS.of(key)

        invoke(step, stored)

        assert deployment.jobs.get(JOB) == before, key
        assert deployment.ledger.rows(JOB) == [], key
