"""Object keys: what is built is read back, and what is not ours is None, never an error."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot import keys
from stereo_spot.keys import FinalKey, RenderedKey, SegmentKey, SourceKey, is_job_id
from stereo_spot.model import MAX_SEGMENTS, StereoMode

JOB = "3f2b8c1e-9d4a-4e6b-8f00-0a1b2c3d4e5f"
PARSERS = (SourceKey, SegmentKey, RenderedKey, FinalKey)
job_ids = st.uuids().map(str)


@st.composite
def segment_keys(draw):
    total = draw(st.integers(1, MAX_SEGMENTS))
    index = draw(st.integers(0, total - 1))
    return SegmentKey(draw(job_ids), index, total, draw(st.sampled_from(StereoMode)))


ours = (
    st.builds(SourceKey, job_ids)
    | segment_keys()
    | st.builds(RenderedKey, job_ids, st.integers(0, MAX_SEGMENTS))
    | st.builds(FinalKey, job_ids, st.sampled_from(["mp4", "mkv"]))
)


@given(ours)
def test_a_built_key_is_read_back_by_its_own_class_only(key):
    read = [parser.parse(str(key)) for parser in PARSERS]

    assert [found for found in read if found is not None] == [key]


@given(st.text())
def test_any_text_is_a_key_or_none_and_a_key_builds_the_same_text(text):
    for parser in PARSERS:
        found = parser.parse(text)
        assert found is None or str(found) == text


@given(ours, st.data())
def test_a_key_with_one_place_spoiled_is_none_or_another_whole_key(key, data):
    text = str(key)
    place = data.draw(st.integers(0, len(text)))
    spoiled = text[:place] + data.draw(st.text(min_size=1, max_size=3)) + text[place:]

    for parser in PARSERS:
        found = parser.parse(spoiled)
        assert found is None or str(found) == spoiled


HOSTILE = {
    "a newline at the end": f"jobs/{JOB}/segments/1.mp4\n",
    "a newline before the suffix": f"jobs/{JOB}/segments/1\n.mp4",
    "a NUL": f"jobs/{JOB}/segments/1.mp4\0",
    "digits of another script": f"jobs/{JOB}/segments/١.mp4",
    "wide digits in the segment": f"segments/{JOB}/０0000_00001_sbs.mp4",
    "superscript digits": f"jobs/{JOB}/segments/¹.mp4",
    "an id with digits of another script": f"input/{JOB[:-1]}٣/source.mp4",
    "an id in capitals": f"input/{JOB.upper()}/source.mp4",
    "an id without dashes": f"input/{uuid.UUID(JOB).hex}/source.mp4",
    "an id in braces": f"input/{{{JOB}}}/source.mp4",
    "dots for an id": "input/../source.mp4",
    "a path in the id": f"input/a/../{JOB}/source.mp4",
    "a path after the id": f"jobs/{JOB}/segments/../final.mp4",
    "an encoded slash": f"jobs%2f{JOB}/final.mp4",
    "an encoded dot": f"jobs/{JOB}/final%2emp4",
    "a plus": f"jobs/{JOB}/segments/+1.mp4",
    "a leading slash": f"/jobs/{JOB}/final.mp4",
    "a doubled slash": f"jobs//{JOB}/final.mp4",
    "a backslash": f"jobs\\{JOB}\\final.mp4",
    "a bucket in front": f"s3://bucket/jobs/{JOB}/final.mp4",
    "a query behind": f"jobs/{JOB}/final.mp4?versionId=1",
    "a leading zero": f"jobs/{JOB}/segments/01.mp4",
    "a sign": f"jobs/{JOB}/segments/-1.mp4",
    "six digits": f"jobs/{JOB}/segments/100000.mp4",
    "six digits in the segment": f"segments/{JOB}/000000_000001_sbs.mp4",
    "four digits in the segment": f"segments/{JOB}/0000_0001_sbs.mp4",
    "an index that is the total": f"segments/{JOB}/00001_00001_sbs.mp4",
    "an index beyond the total": f"segments/{JOB}/00002_00001_sbs.mp4",
    "a total of nothing": f"segments/{JOB}/00000_00000_sbs.mp4",
    "an unknown mode": f"segments/{JOB}/00000_00001_flat.mp4",
    "a mode in capitals": f"segments/{JOB}/00000_00001_SBS.mp4",
    "no mode": f"segments/{JOB}/00000_00001_.mp4",
    "another suffix": f"jobs/{JOB}/final.avi",
    "a suffix in capitals": f"jobs/{JOB}/final.MP4",
    "something behind the suffix": f"jobs/{JOB}/final.mp4.exe",
    "a byte order mark": f"\ufeffjobs/{JOB}/final.mp4",
    "an invisible space": f"jobs/{JOB}/segments/1\u200b.mp4",
    "a lone surrogate": f"jobs/{JOB}/segments/\ud800.mp4",
    "nothing": "",
    "a mile of digits": f"jobs/{JOB}/segments/{'9' * 10_000}.mp4",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_key_is_none(text):
    assert [parser.parse(text) for parser in PARSERS] == [None] * len(PARSERS)


@given(job_ids)
def test_ids_are_lower_case_uuids_and_nothing_else(job_id):
    assert is_job_id(job_id)
    for other in (job_id + "\n", " " + job_id, job_id[:-1], job_id + "0", f"{{{job_id}}}"):
        assert not is_job_id(other)
    assert not is_job_id(job_id.upper()) or job_id.upper() == job_id


@given(job_ids, st.integers(0, MAX_SEGMENTS), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_everything_a_job_stores_lies_under_its_prefixes(job_id, index, digest):
    stored = (
        str(SourceKey(job_id)),
        str(SegmentKey(job_id, 0, 1, StereoMode.SBS)),
        str(RenderedKey(job_id, index)),
        str(FinalKey(job_id)),
        keys.mezzanine_key(job_id, index),
        keys.plan_key(job_id, digest),
        keys.manifest_key(job_id, digest),
    )

    assert all(key.startswith(keys.job_prefixes(job_id)) for key in stored)
    assert str(RenderedKey(job_id, index)).startswith(keys.rendered_prefix(job_id))
    assert str(SegmentKey(job_id, 0, 1, StereoMode.SBS)).startswith(keys.segments_prefix(job_id))


@given(job_ids, st.integers(0, MAX_SEGMENTS))
def test_a_mezzanine_is_never_taken_for_the_signal(job_id, index):
    assert RenderedKey.parse(keys.mezzanine_key(job_id, index)) is None
