"""The words of the domain: frozen, strict, and the same after every round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from stereo_spot.model import (
    CutSegment,
    Job,
    JobOptions,
    JobStatus,
    Manifest,
    Plan,
    Recipe,
    Segment,
    SourceFacts,
    StereoMode,
    Tier,
    Window,
)

FACTS = SourceFacts(
    frames=48, duration_s=2.0, width=64, height=36, frame_rate="24/1", time_base="1/24",
    start_pts=0, video_codec="h264", pixel_format="yuv420p", container="mp4",
)  # fmt: skip
recipes = st.builds(
    Recipe,
    mode=st.sampled_from(StereoMode),
    tier=st.sampled_from(Tier),
    max_disparity=st.floats(0.0, 10.0),
    convergence=st.floats(0.0, 1.0),
    crf=st.integers(0, 51),
    max_width=st.none() | st.integers(16, 16384),
    seed=st.integers(),
)
options = st.builds(
    JobOptions,
    recipe=recipes,
    segment_duration_s=st.floats(0.5, 300.0),
    scene_cuts=st.booleans(),
    start_s=st.none() | st.floats(0.0, 1e9),
    end_s=st.none() | st.floats(1e-3, 1e9),
)
windows = st.builds(
    Window,
    index=st.integers(0, 99_998),
    start_pts=st.integers(),
    end_pts=st.integers(),
    n_frames=st.integers(1, 10_000),
    base_index=st.integers(0),
)
plans = st.builds(
    Plan,
    source_etag=st.text(st.characters(exclude_categories=["Cs"])),
    facts=st.just(FACTS),
    options=options,
    time_base=st.just("1/24"),
    windows=st.lists(windows, max_size=5).map(tuple),
)
job_rows = st.fixed_dictionaries(
    {
        "job_id": st.uuids().map(str),
        "status": st.sampled_from([status.value for status in JobStatus]),
        "mode": st.sampled_from([mode.value for mode in StereoMode]),
        "created_at": st.floats(0, 2e9),
        "updated_at": st.floats(0, 2e9),
        "deadline_at": st.floats(0, 2e9),
    },
    optional={
        "round": st.integers(1, 9),
        "options": options.map(lambda chosen: chosen.model_dump(mode="json")),
        "lease_owner": st.text(),
        "source_etag": st.text(),
        "facts": st.just(FACTS.model_dump(mode="json")),
        "error_segment": st.integers(0),
        "result": st.dictionaries(st.text(), st.integers() | st.text()),
    },
)


@given(plans)
def test_a_plan_keeps_its_digest_through_its_stored_form(plan):
    again = Plan.model_validate_json(plan.model_dump_json())

    assert again == plan
    assert again.digest() == plan.digest()


@given(plans, plans)
def test_two_plans_share_a_digest_only_when_they_are_the_same(one, other):
    assert (one.digest() == other.digest()) == (
        one.model_dump(mode="json") == other.model_dump(mode="json")
    )


@given(plans)
def test_a_plan_counts_its_windows_and_their_frames(plan):
    assert plan.total == len(plan.windows)
    assert plan.frames == sum(window.n_frames for window in plan.windows)


@given(job_rows)
def test_a_row_is_read_back_as_it_was_stored_and_holds_no_none(attributes):
    job = Job.load(attributes)

    stored = job.attributes()

    assert Job.load(stored) == job
    assert None not in stored.values()
    assert {name: stored[name] for name in attributes if name != "options"} == {
        name: value for name, value in attributes.items() if name != "options"
    }


@given(job_rows, st.dictionaries(st.from_regex(r"\Ax_[a-z]{1,5}\Z"), st.integers()))
def test_attributes_of_other_writers_are_dropped_on_reading(attributes, unknown):
    assert Job.load(attributes | unknown) == Job.load(attributes)


def test_the_counters_that_conditions_compare_are_always_stored():
    job = Job(
        job_id="j", status="created", mode="sbs", created_at=0, updated_at=0, deadline_at=0
    ).attributes()
    segment = Segment(job_id="j", segment_index=0).attributes()

    compared = {"tries", "reclaims", "round"}
    assert compared | {"done_hint", "dispatches", "collections"} <= set(job)
    assert compared | {"progress_mark"} <= set(segment)


@pytest.mark.parametrize("kind", [Recipe, JobOptions, Window, CutSegment, Manifest, Plan])
def test_a_value_refuses_what_it_does_not_know(kind):
    with pytest.raises(ValidationError):
        kind.model_validate({"nobody_knows_this": 1})


def test_a_value_is_never_changed():
    recipe = Recipe()

    with pytest.raises(ValidationError):
        recipe.crf = 3


@pytest.mark.parametrize(
    "chosen",
    [
        {"segment_duration_s": 0.49},
        {"segment_duration_s": 300.1},
        {"segment_duration_s": float("nan")},
        {"start_s": -0.1},
        {"start_s": float("inf")},
        {"start_s": float("nan")},
        {"end_s": 0.0},
        {"end_s": float("inf")},
        {"end_s": float("nan")},
        {"recipe": {"max_disparity": -1.0}},
        {"recipe": {"max_disparity": float("nan")}},
        {"recipe": {"convergence": 1.01}},
        {"recipe": {"mode": "SBS"}},
        {"recipe": {"codec": "h264\n"}},
        {"recipe": {"preset": "veryfast; rm"}},
        {"recipe": {"crf": 52}},
        {"recipe": {"max_width": 15}},
    ],
    ids=str,
)
def test_options_outside_their_bounds_are_refused(chosen):
    with pytest.raises(ValidationError):
        JobOptions.model_validate(chosen)


def test_ended_jobs_are_those_that_are_not_open():
    assert {status for status in JobStatus if not status.open} == {
        JobStatus.COMPLETED,
        JobStatus.FAILED,
        JobStatus.DELETED,
    }


@pytest.mark.parametrize("status", JobStatus)
def test_every_job_can_fail_while_open_and_be_deleted_until_it_is(status):
    assert status.may_become(JobStatus.FAILED) == status.open
    assert status.may_become(JobStatus.DELETED) == (status is not JobStatus.DELETED)


def test_only_a_failed_job_opens_again_and_a_finished_one_never():
    def opens(status):
        return any(status.may_become(other) for other in JobStatus if other.open)

    assert [status for status in JobStatus if not status.open and opens(status)] == [
        JobStatus.FAILED
    ]


def test_a_film_is_published_only_from_reassembly():
    assert [status for status in JobStatus if status.may_become(JobStatus.COMPLETED)] == [
        JobStatus.REASSEMBLING
    ]
