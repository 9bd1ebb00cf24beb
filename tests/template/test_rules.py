"""The rules of the template and the table of the flow send the same events to the same steps."""

import json

import pytest
from moto.events.models import EventPattern
from stereo_spot.events import (
    ChunkRequested,
    JobCompleted,
    JobFailed,
    ObjectStored,
    SegmentsComplete,
)
from stereo_spot.flow import FLOW, step_of

JOB = "12345678-1234-1234-1234-123456789abc"
STEP_OF_TARGET = {
    "ChunkerFunction": "chunk",
    "RenderQueue": "render",
    "TriggerFunction": "complete",
    "ReassemblerFunction": "reassemble",
}
KEYS = [
    f"input/{JOB}/source.mp4",
    "input/",
    "input/anything",
    "inputs/x",
    f"segments/{JOB}/00000_00002_sbs.mp4",
    "segments/",
    "xsegments/x",
    f"jobs/{JOB}/segments/0.mp4",
    f"jobs/{JOB}/mezzanine/0.mp4",
    f"jobs/{JOB}/final.mp4",
    f"jobs/{JOB}/plan-0.json",
    "jobs/segments/x",
    f"jobs/{JOB}/segments/",
    "jobs/a/b/segments/c/d",
    "sagemaker-async-responses/x",
    "",
]
EVENTS = [
    *(ObjectStored(key=key) for key in KEYS),
    ChunkRequested(job_id=JOB),
    SegmentsComplete(job_id=JOB),
    JobCompleted(job_id=JOB, round=1, output_key="k"),
    JobFailed(job_id=JOB, round=1, error_kind="k", error_text="t"),
]


def envelope(event, classic):
    """The event as AWS carries it, and the bus that it is on."""
    if not isinstance(event, ObjectStored):
        detail = event.model_dump(mode="json")
        body = {"source": "stereo-spot", "detail-type": event.kind, "detail": detail}
        return body, classic.physical("JobsBus")
    bucket = "OutputBucket" if event.key.startswith("jobs/") else "InputBucket"
    detail = {"bucket": {"name": classic.physical(bucket)}, "object": {"key": event.key}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}, "default"


def steps_by_rules(body, bus, classic):
    """The steps that the template's rules wake, by their real patterns."""
    found = []
    for rule in classic.of("AWS::Events::Rule").values():
        pattern = rule.get("EventPattern")
        if pattern is None or rule.get("EventBusName", "default") != bus:
            continue
        if EventPattern.load(json.dumps(pattern)).matches_event(body):
            for target in rule["Targets"]:
                (name,) = [
                    name
                    for name in STEP_OF_TARGET
                    if target["Arn"] in (classic.physical(name), classic.attribute(name, "Arn"))
                ]
                found.append(STEP_OF_TARGET[name])
    return found


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: getattr(event, "key", event.kind))
def test_an_event_wakes_the_same_step_by_rule_and_by_table(event, classic):
    body, bus = envelope(event, classic)
    step = step_of(event)

    assert steps_by_rules(body, bus, classic) == ([] if step is None else [step])


def test_every_line_of_the_table_is_a_rule_of_that_name(classic):
    rules = set(classic.of("AWS::Events::Rule"))

    assert {rule.name for rule in FLOW} <= rules
    assert rules - {rule.name for rule in FLOW} == {"RenderFailedRule", "SweepSchedule"}


def test_an_object_of_another_bucket_wakes_nothing(classic):
    body, bus = envelope(ObjectStored(key=KEYS[0]), classic)
    body["detail"]["bucket"]["name"] = "somebody-elses"

    assert steps_by_rules(body, bus, classic) == []


def test_a_failed_batch_job_of_this_queue_wakes_the_trigger(classic):
    detail = {"status": "FAILED", "jobQueue": classic.physical("RenderQueue")}
    body = {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail}

    assert steps_by_rules(body, "default", classic) == ["complete"]
    detail["status"] = "SUCCEEDED"
    assert steps_by_rules(body, "default", classic) == []
