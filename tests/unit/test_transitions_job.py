"""The transitions of a job row, on any row and after any stale read."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.errors import ErrorKind
from stereo_spot.model import OPEN, Job, JobStatus
from stereo_spot.transitions import job as moves
from stereo_spot.transitions.change import Change, Condition, applied
from stereo_spot.transitions.job import Failure

NOW = 1000.0
FAILURE = Failure(ErrorKind.SEGMENT_FAILED, "why", 0)
FACTS = {
    "frames": 1, "duration_s": 1.0, "width": 2, "height": 2, "frame_rate": "24/1",
    "time_base": "1/24", "start_pts": 0, "video_codec": "h264", "pixel_format": "yuv420p",
    "container": "mp4",
}  # fmt: skip
MOVES = {
    "request start": lambda read: moves.request_start(NOW),
    "rename": lambda read: moves.rename(NOW, "new", None),
    "rename as read": lambda read: moves.rename(NOW, "new", read),
    "note source": lambda read: moves.note_source(NOW, etag="e1", size=1, facts=FACTS),
    "claim chunk": lambda read: moves.claim_chunk(NOW, "me", 10.0, etag="e1", size=1),
    "commit plan": lambda read: moves.commit_plan(NOW, digest="mine", total=2, facts=FACTS),
    "complete chunking": lambda read: moves.complete_chunking(NOW, read),
    "heartbeat": lambda read: moves.heartbeat(NOW, "me", 10.0),
    "report failure": lambda read: moves.report_failure(NOW, "me", "why"),
    "give back": lambda read: moves.give_back(NOW, "me"),
    "note done": lambda read: moves.note_done(NOW, 5),
    "flip": lambda read: moves.flip(NOW),
    "claim reassembly": lambda read: moves.claim_reassembly(NOW, "me", 10.0),
    "publish": lambda read: moves.publish(NOW, key="k", etag="t", frames=1, result={}),
    "fail": lambda read: moves.fail(NOW, read, FAILURE),
    "expire deadline": lambda read: moves.expire_deadline(NOW, read, FAILURE),
    "refuse": lambda read: moves.refuse(NOW, read, "me", FAILURE),
    "refuse unstarted": lambda read: moves.refuse_unstarted(NOW, read, FAILURE),
    "cancel": lambda read: moves.cancel(NOW),
    "retry": lambda read: moves.retry(NOW, read),
    "delete": lambda read: moves.delete(NOW),
    "set aside": lambda read: moves.set_aside(NOW, read),
    "restore": lambda read: moves.restore(NOW, read),
    "seal": lambda read: moves.seal(NOW),
    "expire": lambda read: moves.expire(NOW, read),
    "announced": lambda read: moves.announced(NOW, read),
    "told later": lambda read: moves.told_later(NOW, read, NOW + 5),
    "told": lambda read: moves.told(NOW, read),
    "collected": lambda read: moves.collected(NOW, read),
    "dispatch": lambda read: moves.dispatch(NOW, read, NOW + 1),
}
LEAVING = {
    JobStatus.COMPLETED: {"delete", "set aside"},
    JobStatus.FAILED: {"retry", "delete", "set aside", "expire"},
    JobStatus.DELETED: {"restore"},
}
OF_A_READ = {"fail", "expire deadline", "refuse", "refuse unstarted", "retry", "restore", "expire"}

ALIVE = [status for status in JobStatus if status is not JobStatus.DELETED]
times = st.sampled_from([0.0, NOW - 1, NOW, NOW + 1])
maybe = st.none() | times


@st.composite
def jobs(draw):
    owner = draw(st.sampled_from([None, "me", "other"]))
    planned = draw(st.booleans())
    status = draw(st.sampled_from(JobStatus))
    deleted_from = st.none() | st.sampled_from(ALIVE)
    return Job(
        job_id="00000000-0000-4000-8000-000000000000",
        mode="sbs",
        created_at=0.0,
        updated_at=0.0,
        status=status,
        deleted_from=draw(deleted_from) if status is JobStatus.DELETED else None,
        round=draw(st.integers(1, 3)),
        tries=draw(st.integers(0, 4)),
        reclaims=draw(st.integers(0, 11)),
        lease_owner=owner,
        lease_until=draw(times) if owner else None,
        deadline_at=draw(times),
        done_hint=draw(st.integers(0, 2)),
        title=draw(st.sampled_from([None, "a", "b"])),
        start_requested_at=draw(maybe),
        source_etag=draw(st.sampled_from([None, "e1", "e2"])),
        plan_digest="theirs" if planned else None,
        total_segments=2 if planned else None,
        chunked_at=draw(maybe) if planned else None,
        failed_at=draw(maybe),
        announce=draw(st.sampled_from([None, "pending", "sent", "done"])),
        due_at=draw(maybe),
        collections=draw(st.integers(0, 2)),
        dispatches=draw(st.integers(0, 2)),
    )


@st.composite
def attempts(draw):
    """A row, what an actor read of it some time ago, and the move it then tries."""
    row = draw(jobs())
    read = row if draw(st.booleans()) else draw(jobs())
    name = draw(st.sampled_from(sorted(MOVES)))
    return row, read, name


def moved(row: Job, read: Job, name: str) -> Job | None:
    """The row after the move; None when it was refused."""
    changes = MOVES[name](read)
    tried = (changes,) if isinstance(changes, Change) else changes
    after = next((a for c in tried if (a := applied(c, row.attributes())) is not None), None)
    return Job.load(after) if after is not None else None


@given(attempts())
def test_every_move_is_a_legal_one(attempt):
    row, read, name = attempt

    after = moved(row, read, name)

    if after is not None and after.status is not row.status and name != "restore":
        assert row.status.may_become(after.status)


@given(attempts())
def test_an_ended_job_is_left_only_by_the_person_or_by_its_age(attempt):
    row, read, name = attempt

    after = moved(row, read, name)

    if after is not None and row.status in LEAVING and after.status is not row.status:
        assert name in LEAVING[row.status]


@given(attempts())
def test_nothing_is_done_by_a_missing_row(attempt):
    _row, read, name = attempt
    changes = MOVES[name](read)

    for change in (changes,) if isinstance(changes, Change) else changes:
        assert applied(change, None) is None


@given(attempts())
def test_the_plan_the_pin_and_the_published_film_never_change(attempt):
    row, read, name = attempt

    after = moved(row, read, name)

    if after is not None:
        for attribute in ("plan_digest", "total_segments", "source_etag"):
            before = getattr(row, attribute)
            assert before is None or getattr(after, attribute) == before
        if row.status is JobStatus.COMPLETED:
            assert (after.output_key, after.output_etag) == (row.output_key, row.output_etag)


@given(attempts())
def test_only_a_retry_raises_the_round_and_nothing_lowers_it(attempt):
    row, read, name = attempt

    after = moved(row, read, name)

    if after is not None:
        assert after.round == row.round + (1 if name == "retry" else 0)


@given(attempts())
def test_a_write_that_ends_a_job_frees_it_and_asks_to_be_told(attempt):
    row, read, name = attempt

    after = moved(row, read, name)

    ended = name not in ("restore", "set aside")
    if ended and after is not None and after.status is not row.status and not after.status.open:
        assert after.lease_owner is None
        assert after.lease_until is None
        assert after.due_at == NOW
        assert after.announce == "pending" or after.status is JobStatus.DELETED


@given(attempts())
def test_what_was_read_before_a_retry_ends_nothing_after_it(attempt):
    row, read, name = attempt

    if name in OF_A_READ and read.round != row.round:
        assert moved(row, read, name) is None


@given(attempts())
def test_what_was_read_before_a_segment_was_done_fails_nothing_after_it(attempt):
    row, read, name = attempt

    if name == "fail" and read.done_hint != row.done_hint:
        assert moved(row, read, name) is None


@given(jobs(), jobs(), st.sampled_from(["rename", "rename as read"]))
def test_another_title_changes_nothing_else_of_any_job_that_is_there(row, read, name):
    after = moved(row, read, name)

    refused = name == "rename as read" and read.title != row.title
    assert (after is None) == (refused or row.status is JobStatus.DELETED)
    if after is not None:
        unlike = {"title": row.title, "renamed_at": None, "updated_at": row.updated_at}
        assert (after.title, after.renamed_at) == ("new", NOW)
        assert after.model_copy(update=unlike) == row


@given(jobs(), jobs())
def test_a_job_that_is_set_aside_stands_afterwards_where_it_stood(row, read):
    aside = moved(row, read, "set aside")

    assert (aside is None) == (row.status is JobStatus.DELETED)
    if aside is not None:
        assert (aside.status, aside.deleted_from) == (JobStatus.DELETED, row.status)
        assert aside.due_at == NOW + moves.UNDO_KEPT_S > NOW + moves.UNDO_S
        assert moved(aside, aside, "seal") is None
        back = moved(aside, aside, "restore")
        changed = {"lease_owner", "lease_until", "collections", "updated_at", "due_at"}
        changed |= {"dispatch_at", "dispatches"}
        assert back.model_dump(exclude=changed) == row.model_dump(exclude=changed)
        assert (back.due_at is None) == row.status.open
        assert back.lease_owner is None


@given(jobs(), jobs())
def test_what_is_sealed_is_not_restored_and_what_is_restored_is_not_sealed(row, read):
    sealed, restored = moved(row, read, "seal"), moved(row, read, "restore")

    if sealed is not None:
        assert row.due_at < NOW
        assert moved(sealed, read, "restore") is None
    if restored is not None:
        assert moved(restored, read, "seal") is None


@given(jobs(), st.sampled_from(["claim chunk", "claim reassembly", "fail"]))
def test_a_held_job_is_neither_claimed_nor_failed(row, name):
    held = row.lease_owner is not None and row.lease_until >= NOW

    if held:
        assert moved(row, row, name) is None


@given(jobs(), st.sampled_from(["heartbeat", "report failure", "give back", "refuse"]))
def test_only_the_holder_speaks_for_a_lease(row, name):
    if row.lease_owner != "me":
        assert moved(row, row, name) is None


@given(jobs(), st.sampled_from(["claim chunk", "claim reassembly"]))
def test_a_step_is_not_claimed_once_its_tries_or_reclaims_are_used_up(row, name):
    lost = row.lease_owner is not None and row.reclaims >= moves.RECLAIM_LIMIT

    after = moved(row, row, name)

    if row.tries >= moves.TRY_LIMIT or lost:
        assert after is None
    if after is not None:
        assert after.reclaims == row.reclaims + (row.lease_owner is not None)
        assert after.tries == row.tries


@given(jobs())
def test_another_version_of_the_source_is_never_taken(row):
    if row.source_etag == "e2":
        assert moved(row, row, "claim chunk") is None
        assert moved(row, row, "note source") is None


@given(jobs())
def test_a_retry_leads_to_where_the_work_stopped(row):
    after = moved(row, row, "retry")

    if after is not None:
        assert (after.tries, after.reclaims, after.error_kind) == (0, 0, None)
        assert after.start_requested_at == NOW
        assert after.deadline_at > NOW
        if row.chunked_at is not None:
            assert after.status is JobStatus.CHUNKING_COMPLETE
        elif row.source_etag is not None:
            assert after.status is JobStatus.CHUNKING_IN_PROGRESS
        else:
            assert after.status is JobStatus.CREATED


@given(
    jobs(),
    st.sampled_from(["claim chunk", "commit plan", "complete chunking", "note done", "flip"]),
)
def test_progress_moves_the_deadline(row, name):
    after = moved(row, row, name)

    assert after is None or after.deadline_at == NOW + moves.DEADLINE_S


@given(
    jobs(), st.sampled_from(["commit plan", "complete chunking", "note done", "flip", "publish"])
)
def test_progress_forgets_the_workers_lost_before_it(row, name):
    after = moved(row, row, name)

    assert after is None or after.reclaims == 0


@given(jobs())
def test_a_job_is_collected_again_a_day_later_and_then_left_alone(row):
    untold = row.status is JobStatus.COMPLETED and row.announce in ("pending", "sent")

    after = moved(row, row, "collected")

    assert after is not None
    later = NOW + moves.COLLECT_AGAIN_S if row.collections == 0 else None
    assert after.due_at == (NOW if untold else later)
    assert moved(after, row, "collected") is None


@given(jobs(), jobs())
def test_a_collection_does_not_put_off_what_came_to_be_told_meanwhile(row, read):
    after = moved(row, read, "collected")

    if after is not None and row.status is JobStatus.COMPLETED and row.announce == "sent":
        assert read.announce != "pending"
        assert after.due_at == NOW or read.announce != "sent"


@given(jobs())
def test_an_end_counts_as_told_once(row):
    after = moved(row, row, "announced")

    assert (after is not None) == (row.announce == "pending")
    assert after is None or moved(after, row, "announced") is None


@given(jobs())
def test_the_receiver_counts_as_told_once_and_the_row_is_due_for_what_is_left(row):
    after = moved(row, row, "told")

    assert (after is not None) == (row.announce == "sent")
    if after is not None:
        assert moved(after, row, "told") is None
        assert moved(after, row, "told later") is None
        assert after.due_at is not None or after.collections == 2
        if row.status is JobStatus.FAILED:
            assert after.due_at >= moves.FAILED_KEPT_S


@given(jobs(), jobs())
def test_of_two_sweepers_one_tells_the_receiver(row, read):
    after = moved(row, read, "told later")

    if after is not None:
        assert (after.announce, after.due_at) == ("sent", NOW + 5)
        assert read.due_at == row.due_at
        assert moved(after, read, "told later") is None


@pytest.mark.parametrize("name", MOVES)
def test_a_change_is_one_that_every_store_can_make(name):
    read = Job(
        job_id="00000000-0000-4000-8000-000000000000",
        mode="sbs", status="created", created_at=0.0, updated_at=0.0, deadline_at=0.0,
    )  # fmt: skip
    changes = MOVES[name](read)

    for change in (changes,) if isinstance(changes, Change) else changes:
        assert not set(change.sets) & set(change.adds)
        assert set(change.sets) | set(change.adds) <= set(Job.model_fields)
        assert change.sets["updated_at"] == NOW
        assert all(isinstance(condition, get_args(Condition)) for condition in change.when)


def test_the_statuses_that_can_be_worked_on_are_those_not_ended():
    assert set(OPEN) == set(JobStatus) - set(LEAVING)
