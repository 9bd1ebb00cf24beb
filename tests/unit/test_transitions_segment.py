"""The transitions of a ledger row: one holder at a time, limits per round, done for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.conversion.ending import exhausted
from stereo_spot.errors import ErrorKind
from stereo_spot.model import Job, Segment, SegmentCompletion
from stereo_spot.transitions import segment as claims
from stereo_spot.transitions.change import Change, applied
from stereo_spot.transitions.job import RECLAIM_LIMIT, TRY_LIMIT

NOW = 1000.0
JOB = "00000000-0000-4000-8000-000000000000"


def job(round_: int = 1, done_hint: int = 0, status: str = "chunking_complete") -> Job:
    return Job(
        job_id=JOB, mode="sbs", status=status, created_at=0.0, updated_at=0.0, deadline_at=2e9,
        round=round_, done_hint=done_hint, total_segments=3, plan_digest="p",
    )  # fmt: skip


def completion(etag: str = "t") -> SegmentCompletion:
    return SegmentCompletion(
        job_id=JOB, segment_index=1, total_segments=3, completed_at=NOW, plan_digest="p",
        output_s3_uri="k", output_etag=etag, frames=24,
    )  # fmt: skip


@st.composite
def segments(draw):
    owner = draw(st.sampled_from([None, "me", "other"]))
    done = draw(st.booleans()) and owner is None
    return Segment(
        job_id=JOB,
        segment_index=1,
        round=draw(st.integers(1, 3)),
        tries=draw(st.integers(0, 4)),
        reclaims=draw(st.integers(0, RECLAIM_LIMIT + 1)),
        progress_mark=draw(st.integers(0, 2)),
        lease_owner=owner,
        lease_until=draw(st.sampled_from([0.0, NOW - 1, NOW, NOW + 1])) if owner else None,
        completed_at=NOW if done else None,
        output_etag="first" if done else None,
    )


def after(row: Segment | None, *changes: Change) -> Segment | None:
    attributes = row.attributes() if row else None
    found = next((a for c in changes if (a := applied(c, attributes)) is not None), None)
    return Segment.load(found) if found is not None else None


def claimed(row: Segment | None, read: Job) -> Segment | None:
    return after(row, *claims.claim(NOW, "new", 10.0, job=read, index=1))


def test_a_missing_row_is_claimed_with_nothing_counted():
    row = claimed(None, job(round_=2, done_hint=1))

    assert (row.lease_owner, row.lease_until) == ("new", NOW + 10.0)
    assert (row.round, row.tries, row.reclaims, row.progress_mark) == (2, 0, 0, 1)


@given(segments(), st.integers(1, 3), st.integers(0, 2))
def test_a_done_or_held_segment_is_never_claimed(row, round_, hint):
    held = row.lease_owner is not None and row.lease_until >= NOW

    if row.done or held:
        assert claimed(row, job(round_, hint)) is None


@given(segments(), st.integers(1, 3))
def test_a_claim_from_before_a_retry_is_refused(row, round_):
    if row.round > round_:
        assert claimed(row, job(round_)) is None


@given(segments(), st.integers(2, 4))
def test_tries_of_an_older_round_do_not_count(row, round_):
    again = claimed(row, job(round_, 2))

    if again is not None and row.round < round_:
        assert (again.round, again.tries, again.reclaims) == (round_, 0, 0)
        assert again.progress_mark == 2


@given(segments())
def test_tries_used_up_in_this_round_end_the_claims(row):
    if row.tries >= TRY_LIMIT:
        assert claimed(row, job(row.round)) is None


@given(segments(), st.integers(0, 2))
def test_a_lost_holder_counts_as_a_reclaim_and_progress_starts_the_count_again(row, hint):
    again = claimed(row, job(row.round, hint))

    if again is None or row.lease_owner is None:
        return
    if row.progress_mark < hint:
        assert (again.reclaims, again.progress_mark) == (1, hint)
    else:
        assert row.reclaims < RECLAIM_LIMIT
        assert again.reclaims == row.reclaims + 1
    assert again.tries == row.tries


@given(segments(), st.integers(1, 3), st.integers(0, 2))
def test_a_claim_has_one_form_at_most(row, round_, hint):
    forms = claims.claim(NOW, "new", 10.0, job=job(round_, hint), index=1)
    made = [change.name for change in forms if applied(change, row.attributes()) is not None]

    assert len(made) <= 1 or made == ["reclaim segment after progress", "reclaim segment"]


@pytest.mark.parametrize(
    "change",
    [
        claims.heartbeat(NOW, "me", 10.0, 3),
        claims.give_back("me"),
        claims.report_failure("me", ErrorKind.SEGMENT_FAILED, "why"),
    ],
    ids=lambda change: change.name,
)
@given(row=segments())
def test_only_the_holder_of_an_unfinished_segment_speaks_for_it(change, row):
    assert (after(row, change) is not None) == (row.lease_owner == "me" and not row.done)
    assert after(None, change) is None


@given(segments())
def test_a_reported_failure_is_a_try_and_a_host_going_away_is_not(row):
    failed = after(row, claims.report_failure("me", ErrorKind.DISK_FULL, "full"))
    left = after(row, claims.give_back("me"))

    if failed is not None:
        assert (failed.tries, failed.reclaims) == (row.tries + 1, row.reclaims)
        assert (failed.lease_owner, failed.error_kind) == (None, "disk_full")
        assert (left.tries, left.reclaims) == (row.tries, row.reclaims + 1)
        assert left.lease_owner is None


@given(segments())
def test_done_is_written_once_whoever_holds_the_row_and_never_taken_back(row):
    done = claims.done(completion(), report={}, creates=False)

    first = after(row, done)

    assert (first is None) == row.done
    if first is not None:
        assert (first.done, first.output_etag, first.lease_owner) == (True, "t", None)
        assert after(first, claims.done(completion("u"), report={}, creates=True)) is None
        assert claimed(first, job(9, 9)) is None


def test_an_object_is_adopted_without_a_row_but_a_worker_s_row_must_be_there():
    assert after(None, claims.done(completion(), report={}, creates=True)).done
    assert after(None, claims.done(completion(), report={}, creates=False)) is None


def spent(**attributes) -> Segment:
    return Segment(**{"job_id": JOB, "segment_index": 1, **attributes})


def test_a_segment_out_of_tries_ends_the_job_with_its_kind_and_its_index():
    row = spent(tries=TRY_LIMIT, error_kind="out_of_memory", error_text="no")

    failure = exhausted(job(), [spent(segment_index=0), row], NOW)

    assert (failure.kind, failure.text, failure.segment) == (ErrorKind.OUT_OF_MEMORY, "no", 1)


def test_tries_of_an_older_round_and_of_done_segments_end_nothing():
    old = spent(tries=TRY_LIMIT, round=1)
    done = spent(tries=TRY_LIMIT, round=2, completed_at=NOW)

    assert exhausted(job(round_=2), [old, done], NOW) is None


def test_lost_workers_without_progress_end_the_job_and_with_progress_they_do_not():
    row = spent(reclaims=RECLAIM_LIMIT, progress_mark=1)

    assert exhausted(job(done_hint=1), [row], NOW).kind is ErrorKind.NO_PROGRESS
    assert exhausted(job(done_hint=2), [row], NOW) is None


def test_the_last_worker_within_the_limit_may_finish():
    row = spent(reclaims=RECLAIM_LIMIT, lease_owner="last", lease_until=NOW + 1)

    assert exhausted(job(), [row], NOW) is None
    assert exhausted(job(), [row], NOW + 2) is not None


def test_rows_do_not_matter_once_the_film_is_joined():
    row = spent(tries=TRY_LIMIT)

    assert exhausted(job(status="reassembling"), [row], NOW) is None
