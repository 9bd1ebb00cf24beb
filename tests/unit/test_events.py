"""Events: every one is read back as it was written, and garbage is `bad_event`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.events import (
    ChunkRequested,
    JobCompleted,
    JobFailed,
    ObjectStored,
    SegmentsComplete,
    parse_event,
)
from stereo_spot.flow import FLOW, step_of
from stereo_spot.keys import FinalKey, RenderedKey, SegmentKey, SourceKey, mezzanine_key
from stereo_spot.model import StereoMode

JOB = "3f2b8c1e-9d4a-4e6b-8f00-0a1b2c3d4e5f"
job_ids = st.uuids().map(str)
texts = st.text(st.characters(exclude_categories=["Cs"]))
events = (
    st.builds(ObjectStored, key=texts)
    | st.builds(ChunkRequested, job_id=job_ids)
    | st.builds(SegmentsComplete, job_id=job_ids)
    | st.builds(JobCompleted, job_id=job_ids, round=st.integers(1), output_key=texts)
    | st.builds(
        JobFailed,
        job_id=job_ids,
        round=st.integers(1),
        error_kind=st.sampled_from(ErrorKind),
        error_text=texts,
        error_segment=st.none() | st.integers(0),
    )
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


def refused(text):
    with pytest.raises(RequestError) as caught:
        parse_event(text)
    return caught.value.kind


@given(events)
def test_an_event_is_read_back_as_it_was_written(event):
    assert parse_event(event.model_dump_json()) == event
    assert parse_event(event.model_dump_json().encode()) == event


@given(st.text() | st.binary() | anything.map(json.dumps))
def test_garbage_is_a_bad_event_and_nothing_else(text):
    assert refused(text) is ErrorKind.BAD_EVENT


@given(events, texts.filter(lambda name: name != "kind"), anything)
def test_an_attribute_too_many_or_of_another_type_is_a_bad_event(event, name, value):
    body = event.model_dump(mode="json")
    known = name in body
    body[name] = {"not": "a value of ours"} if known else value

    assert refused(json.dumps(body)) is ErrorKind.BAD_EVENT


@pytest.mark.parametrize(
    "job_id", ["", "..", JOB.upper(), JOB + "\n", f"{JOB}/../x", "0" * 36, JOB[:-1] + "٣"]
)
def test_a_job_id_that_is_none_of_ours_is_a_bad_event(job_id):
    text = json.dumps({"kind": "ChunkRequested", "job_id": job_id})

    assert refused(text) is ErrorKind.BAD_EVENT


@given(events)
def test_an_event_wakes_at_most_one_step(event):
    assert sum(rule.matches(event) for rule in FLOW) <= 1


@pytest.mark.parametrize(
    ("event", "step"),
    [
        (ObjectStored(key=str(SourceKey(JOB))), "chunk"),
        (ChunkRequested(job_id=JOB), "chunk"),
        (ObjectStored(key=str(SegmentKey(JOB, 0, 1, StereoMode.SBS))), "render"),
        (ObjectStored(key=str(RenderedKey(JOB, 0))), "complete"),
        (SegmentsComplete(job_id=JOB), "reassemble"),
        (ObjectStored(key=str(FinalKey(JOB))), None),
        (ObjectStored(key=mezzanine_key(JOB, 0)), None),
        (JobCompleted(job_id=JOB, round=1, output_key=str(FinalKey(JOB))), None),
        (JobFailed(job_id=JOB, round=1, error_kind="cancelled", error_text=""), None),
    ],
)
def test_each_event_wakes_the_step_of_the_table(event, step):
    assert step_of(event) == step
