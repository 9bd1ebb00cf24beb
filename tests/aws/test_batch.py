"""Batch jobs as processes: the definition's own command and environment, and how they end."""

import time

import pytest
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.keys import SegmentKey
from stereo_spot.model import JobOptions, JobStatus, Recipe, StereoMode, Tier

from tests.aws.batch import HOST_LOST, SAMPLE, Containers, Ended, after
from tests.aws.cloud import cloud  # noqa: F401
from tests.media.kit import Film, make

JOB = "12345678-1234-1234-1234-123456789abc"
KEY = SegmentKey(JOB, 0, 1, StereoMode.SBS)


@pytest.fixture
def containers(cloud, endpoint, tmp_path):  # noqa: F811
    """The stack with Batch jobs as processes, and every event that Batch sends noted."""
    made = Containers(endpoint, tmp_path / "containers")
    cloud.attempt = made.run
    made.events = []

    def note(body):
        if body["source"] == "aws.batch":
            made.events.append(body)
        return False

    cloud.lose = note
    return made


@pytest.fixture
def uploaded(cloud, tmp_path):  # noqa: F811
    """A job whose film was just stored; its events wait to be delivered."""
    app = cloud.services()
    quick = Recipe(tier=Tier.STUB, crf=30, preset="ultrafast")
    create(JobOptions(recipe=quick, segment_duration_s=1.0), app, job_id=JOB)
    film = make(tmp_path, Film(frames=24, size=(64, 48), gop=10))
    store_bytes(app.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})
    return app


def codes(cloud):  # noqa: F811
    return [code for _key, code in cloud.ran.batch_jobs]


def states(containers):
    return [event["detail"]["status"] for event in containers.events]


RUN = ["RUNNABLE", "STARTING", "RUNNING"]


def test_a_film_is_rendered_by_the_definitions_own_command(cloud, containers, uploaded):  # noqa: F811
    cloud.run()

    assert uploaded.jobs.get(JOB).status is JobStatus.COMPLETED, containers.said
    assert cloud.ran.batch_jobs == [(str(KEY), 0)]
    assert states(containers) == ["SUBMITTED", *RUN, "SUCCEEDED"]


def test_a_lost_host_is_tried_again_and_the_segment_is_free_at_once(cloud, containers, uploaded):  # noqa: F811
    def at_work(attempt):
        """The first attempt loses its host once it holds the segment and makes something of it."""
        if attempt > 1:
            return None
        for _ in range(2000):
            if containers.scratch.is_dir() and any(containers.scratch.iterdir()):
                return HOST_LOST
            time.sleep(0.01)
        raise AssertionError("nobody began with the segment")

    containers.reclaimed = at_work
    cloud.run()

    assert codes(cloud) == [143, 0], containers.said
    assert states(containers) == ["SUBMITTED", *RUN, *RUN, "SUCCEEDED"]
    assert uploaded.jobs.get(JOB).status is JobStatus.COMPLETED
    (row,) = uploaded.ledger.rows(JOB)
    assert (row.tries, row.reclaims) == (0, 1)


def test_what_another_try_may_mend_is_tried_as_often_as_the_definition_says(
    cloud,  # noqa: F811
    containers,
    uploaded,
):
    (definition,) = cloud.stack.of("AWS::Batch::JobDefinition").values()
    definition["RetryStrategy"]["Attempts"] = 2
    containers.changed = {"JOBS_TABLE_NAME": "not-there-yet"}

    cloud.run()

    assert codes(cloud) == [1, 1], containers.said
    last = containers.events[-1]
    assert last["detail"]["status"] == "FAILED" and shape(last) == shape(SAMPLE)
    assert [entry["container"]["exitCode"] for entry in last["detail"]["attempts"]] == [1, 1]
    assert cloud.ran.functions.count("TriggerFunction") == 1, "the failure wakes a look"
    assert uploaded.jobs.get(JOB).status is JobStatus.CHUNKING_COMPLETE


def test_a_key_that_is_none_of_ours_is_not_tried_again(cloud, containers):  # noqa: F811
    bucket = cloud.stack.physical("InputBucket")
    for name in ("", "--help me+%20ü"):
        stored = {"bucket": {"name": bucket}, "object": {"key": f"segments/{name}"}}
        cloud._deliver({"source": "aws.s3", "detail-type": "Object Created", "detail": stored})
    cloud.run()

    assert codes(cloud) == [2, 2], containers.said
    assert cloud.ran.functions == ["TriggerFunction"] * 2


def shape(value):
    """The names in a value, whatever they hold; lists may be of any length."""
    if isinstance(value, dict):
        free = ("parameters",)
        return {key: None if key in free else shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return "list"
    return type(value).__name__


def test_all_conditions_of_a_rule_have_to_hold():
    rules = [
        {"Action": "EXIT", "OnExitCode": "1*", "OnStatusReason": "Host*"},
        {"Action": "EXIT", "OnReason": "Cannot.Pull"},
    ]

    assert after(rules, Ended(137, status_reason="Host EC2")) == "EXIT"
    assert after(rules, Ended(137)) == "RETRY"
    assert after(rules, Ended(None, "CannotXPull")) == "RETRY"
