"""What arrives from AWS is read as ours, passed over, or refused by kind; it never breaks."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stereo_spot.adapters.aws.envelopes import event_of, events_of, job_of_batch, job_of_event
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.events import ChunkRequested, ObjectStored, SegmentsComplete

from tests.aws.stage import BUCKETS

JOB = "12345678-1234-1234-1234-123456789abc"
SOURCE = f"input/{JOB}/source.mp4"


def envelope(source, kind, detail):
    return {"id": "e", "source": source, "detail-type": kind, "detail": detail}


def s3_event(key, bucket=BUCKETS.input):
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return envelope("aws.s3", "Object Created", detail)


def record(key, name="ObjectCreated:Put", bucket=BUCKETS.input):
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def test_an_eventbridge_key_is_taken_as_it_is():
    assert event_of(s3_event("input/a+b%20c"), BUCKETS) == ObjectStored(key="input/a+b%20c")


def test_a_classic_key_is_decoded_once():
    (event,) = events_of(json.dumps({"Records": [record("input/a+b%2520c")]}), BUCKETS)

    assert event == ObjectStored(key="input/a b%20c")


def test_all_records_of_a_notification_count():
    body = json.dumps({"Records": [record(SOURCE), record(f"segments/{JOB}/x")]})

    assert [event.key for event in events_of(body, BUCKETS)] == [SOURCE, f"segments/{JOB}/x"]


def test_our_own_events_come_out_of_their_envelope():
    asked = ChunkRequested(job_id=JOB)
    body = envelope("stereo-spot", "ChunkRequested", asked.model_dump(mode="json"))

    assert event_of(body, BUCKETS) == asked


def test_a_job_id_on_a_queue_asks_for_reassembly():
    assert events_of(json.dumps({"job_id": JOB}), BUCKETS) == [SegmentsComplete(job_id=JOB)]


@pytest.mark.parametrize(
    "body",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKETS.input},
        {"Records": [record(SOURCE, "ObjectRemoved:Delete")]},
        {"Records": [record(SOURCE, bucket="somebody-elses")]},
        {"Records": [record(SOURCE, bucket=BUCKETS.output)]},
        {"Records": []},
        s3_event(SOURCE, "somebody-elses"),
        s3_event(f"jobs/{JOB}/segments/0.mp4", BUCKETS.input),
        envelope("aws.ec2", "EC2 Instance State-change Notification", {}),
    ],
)
def test_what_does_not_concern_us_is_passed_over(body):
    assert events_of(json.dumps(body), BUCKETS) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"job_id": "../x"}',
        '{"job_id": 7}',
        json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]}),
        json.dumps(envelope("stereo-spot", "ChunkRequested", {"kind": "ChunkRequested"})),
        json.dumps(envelope("aws.s3", "Object Created", {"bucket": "x"})),
    ],
)
def test_what_cannot_be_read_is_refused_by_kind(text):
    with pytest.raises(RequestError) as refused:
        events_of(text, BUCKETS)
    assert refused.value.kind is ErrorKind.BAD_EVENT


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Records",
                    "s3",
                    "bucket",
                    "object",
                    "key",
                    "name",
                    "source",
                    "detail-type",
                    "detail",
                    "eventName",
                    "job_id",
                    "parameters",
                    "kind",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(_JSON)
def test_no_message_makes_the_reader_break(body):
    try:
        events_of(json.dumps(body), BUCKETS)
    except RequestError as refused:
        assert refused.kind is ErrorKind.BAD_EVENT
    job_of_batch(body)


def test_a_batch_event_names_the_job_of_its_segment():
    detail = {"status": "FAILED", "parameters": {"key": f"segments/{JOB}/00000_00002_sbs.mp4"}}

    assert job_of_batch(envelope("aws.batch", "Batch Job State Change", detail)) == JOB
    assert job_of_batch(envelope("aws.batch", "Batch Job State Change", {})) is None


@pytest.mark.parametrize("key", [SOURCE, f"jobs/{JOB}/segments/3.mp4"])
def test_an_object_names_its_job_when_its_key_is_ours(key):
    assert job_of_event(ObjectStored(key=key)) == JOB
    assert job_of_event(ObjectStored(key=key + "/")) is None
