"""The transitions of a ledger row: claimed, kept alive, given back, done."""

from typing import Any

from stereo_spot.errors import ErrorKind
from stereo_spot.model import Job, SegmentCompletion
from stereo_spot.transitions.change import Absent, Below, Change, LeaseFree, Present, is_
from stereo_spot.transitions.job import LEASE_OFF, RECLAIM_LIMIT, TRY_LIMIT


def claim(now: float, owner: str, lease_s: float, *, job: Job, index: int) -> tuple[Change, ...]:
    """A worker takes the segment; forms are tried in turn.

    A row of an older round starts afresh. A row that still carries a lease lost its holder: that
    is a reclaim, limited unless the job has made progress since the count began.
    """
    lease = {
        "lease_owner": owner,
        "lease_until": now + lease_s,
        "round": job.round,
        "frames_done": 0,
        "total_segments": job.total_segments,
    }
    fresh = {"tries": 0, "reclaims": 0, "progress_mark": job.done_hint}
    not_done = Absent("completed_at")
    same = (not_done, is_("round", job.round), Below("tries", TRY_LIMIT))
    lost = (*same, Present("lease_owner"), LeaseFree(now))
    return (
        Change(
            "claim segment first",
            (Absent("job_id"),),
            {"job_id": job.job_id, "segment_index": index, **lease, **fresh},
            {"runs": 1},
            creates=True,
        ),
        Change(
            "claim segment in a new round",
            (not_done, Below("round", job.round), LeaseFree(now)),
            {**lease, **fresh},
            {"runs": 1},
        ),
        Change("claim segment", (*same, Absent("lease_owner")), lease, {"runs": 1}),
        Change(
            "reclaim segment after progress",
            (*lost, Below("progress_mark", job.done_hint)),
            {**lease, "reclaims": 1, "progress_mark": job.done_hint},
            {"runs": 1},
        ),
        Change(
            "reclaim segment",
            (*lost, Below("reclaims", RECLAIM_LIMIT)),
            lease,
            {"reclaims": 1, "runs": 1},
        ),
    )


def heartbeat(now: float, owner: str, lease_s: float, frames_done: int) -> Change:
    """The worker is alive and this far."""
    return Change(
        "heartbeat segment",
        (is_("lease_owner", owner), Absent("completed_at")),
        {"lease_until": now + lease_s, "frames_done": frames_done},
    )


def give_back(owner: str) -> Change:
    """The worker has to stop without having failed: its host goes away."""
    return Change(
        "give segment back",
        (is_("lease_owner", owner), Absent("completed_at")),
        {**LEASE_OFF, "frames_done": 0},
        {"reclaims": 1},
    )


def report_failure(owner: str, kind: ErrorKind, text: str) -> Change:
    """The worker could not render it; one try is used up."""
    return Change(
        "report segment failure",
        (is_("lease_owner", owner), Absent("completed_at")),
        {**LEASE_OFF, "frames_done": 0, "error_kind": kind, "error_text": text},
        {"tries": 1},
    )


def note_report(owner: str, report: dict[str, Any]) -> Change:
    """What the worker learnt, noted before the object is stored: anybody may then adopt that."""
    return Change(
        "note segment report",
        (is_("lease_owner", owner), Absent("completed_at")),
        {"report": report},
    )


def done(
    completion: SegmentCompletion, *, creates: bool, report: dict[str, Any] | None = None
) -> Change:
    """A verified object stands at the segment's key: first writer wins, whoever adopts it.

    Without a `report` the one that the worker noted stays.
    """
    facts = completion.model_dump(mode="json", exclude={"plan_digest"})
    noted = {} if report is None else {"report": report}
    return Change(
        "segment done",
        (Absent("completed_at"),),
        {**LEASE_OFF, **facts, "frames_done": completion.frames, **noted},
        creates=creates,
    )
