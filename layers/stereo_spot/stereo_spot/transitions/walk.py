"""The transitions of a job row on its way, in the order a film walks."""

from typing import Any

from stereo_spot.model import ALIVE, CHUNKING, OPEN, Job, JobStatus
from stereo_spot.transitions.change import (
    Absent,
    AbsentOr,
    Below,
    Change,
    Condition,
    LeaseFree,
    OneOf,
    Present,
    is_,
)
from stereo_spot.transitions.limits import (
    DEADLINE_S,
    FRESH_PHASE,
    LEASE_OFF,
    NO_ERROR,
    RECLAIM_LIMIT,
    TRY_LIMIT,
)

_S = JobStatus


def request_start(now: float) -> Change:
    """A person asks for the work to begin."""
    return Change(
        "request start",
        (is_("status", _S.CREATED),),
        {"start_requested_at": now, "updated_at": now, "deadline_at": now + DEADLINE_S},
    )


def rename(now: float, title: str, read: Job | None) -> Change:
    """A person gives the film another title; with `read`, only while it has the one read.

    A title is no progress: the deadline stays.
    """
    still: tuple[Condition, ...] = ()
    if read is not None:
        still = (Absent("title") if read.title is None else is_("title", read.title),)
    return Change(
        "rename",
        (OneOf("status", ALIVE), *still),
        {"title": title, "renamed_at": now, "updated_at": now},
    )


def note_source(now: float, *, etag: str, size: int, facts: dict[str, Any]) -> Change:
    """The source was looked at while the job waits to be started."""
    return Change(
        "note source",
        (is_("status", _S.CREATED), AbsentOr("source_etag", etag)),
        {
            "source_etag": etag,
            "source_file_size_bytes": size,
            "facts": facts,
            "uploaded_at": now,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def _claims(name: str, when: tuple[Condition, ...], sets: dict[str, Any]) -> tuple[Change, ...]:
    """A claim of the row's lease: of a free row, else of one whose holder was lost."""
    return (
        Change(name, (*when, Absent("lease_owner")), sets),
        Change(
            f"{name} again",
            (*when, Present("lease_owner"), Below("reclaims", RECLAIM_LIMIT)),
            sets,
            {"reclaims": 1},
        ),
    )


def claim_chunk(
    now: float, owner: str, lease_s: float, *, etag: str, size: int
) -> tuple[Change, ...]:
    """The chunk step takes the job and pins the version of the source: the film has arrived."""
    return _claims(
        "claim chunk",
        (
            OneOf("status", (_S.CREATED, _S.CHUNKING_IN_PROGRESS)),
            Present("start_requested_at"),
            AbsentOr("source_etag", etag),
            LeaseFree(now),
            Below("tries", TRY_LIMIT),
        ),
        {
            "status": _S.CHUNKING_IN_PROGRESS,
            "source_etag": etag,
            "source_file_size_bytes": size,
            "lease_owner": owner,
            "lease_until": now + lease_s,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def commit_plan(
    now: float, *, digest: str, total: int, facts: dict[str, Any], frames: int | None = None
) -> Change:
    """The plan becomes the plan of this job for ever, before the first segment is stored."""
    return Change(
        "commit plan",
        (is_("status", _S.CHUNKING_IN_PROGRESS), Absent("plan_digest")),
        {
            "plan_digest": digest,
            "total_segments": total,
            "planned_frames": frames,
            "facts": facts,
            "reclaims": 0,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def complete_chunking(now: float, read: Job) -> Change:
    """Every segment and the manifest are stored."""
    return Change(
        "complete chunking",
        (
            is_("status", _S.CHUNKING_IN_PROGRESS),
            is_("round", read.round),
            Present("plan_digest"),
        ),
        {
            **FRESH_PHASE,
            "status": _S.CHUNKING_COMPLETE,
            "chunked_at": now,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def heartbeat(now: float, owner: str, lease_s: float) -> Change:
    """The holder is still alive."""
    return Change(
        "heartbeat job",
        (is_("lease_owner", owner),),
        {"lease_until": now + lease_s, "updated_at": now},
    )


def report_failure(now: float, owner: str, text: str) -> Change:
    """The holder could not finish; one try is used up and the row is free."""
    return Change(
        "report job failure",
        (is_("lease_owner", owner), OneOf("status", OPEN)),
        {**LEASE_OFF, "error_text": text, "updated_at": now},
        {"tries": 1},
    )


def give_back(now: float, owner: str) -> Change:
    """The holder stops without having failed."""
    return Change("give job back", (is_("lease_owner", owner),), {**LEASE_OFF, "updated_at": now})


def note_done(now: float, frames: int) -> Change:
    """One more segment is done; a hint for the count, and progress for deadline and reclaims."""
    return Change(
        "note done",
        (OneOf("status", CHUNKING),),
        {"reclaims": 0, "updated_at": now, "deadline_at": now + DEADLINE_S},
        {"done_hint": 1, "frames_done": frames},
    )


def flip(now: float) -> Change:
    """All segments are done, counted from the rows: reassembly may begin."""
    return Change(
        "flip",
        (OneOf("status", CHUNKING), Present("plan_digest")),
        {
            **FRESH_PHASE,
            "status": _S.REASSEMBLING,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def claim_reassembly(now: float, owner: str, lease_s: float) -> tuple[Change, ...]:
    """The reassemble step takes the job."""
    return _claims(
        "claim reassembly",
        (is_("status", _S.REASSEMBLING), LeaseFree(now), Below("tries", TRY_LIMIT)),
        {"lease_owner": owner, "lease_until": now + lease_s, "updated_at": now},
    )


def publish(now: float, *, key: str, etag: str, frames: int, result: dict[str, Any]) -> Change:
    """The verified film becomes the film of the job."""
    return Change(
        "publish",
        (is_("status", _S.REASSEMBLING),),
        {
            **FRESH_PHASE,
            **NO_ERROR,
            "status": _S.COMPLETED,
            "output_key": key,
            "output_etag": etag,
            "frames": frames,
            "result": result,
            "completed_at": now,
            "updated_at": now,
            "announce": "pending",
            "due_at": now,
        },
    )


def dispatch(now: float, read: Job, next_at: float) -> Change:
    """The sweeper sends the unclaimed segments out again, with growing pauses."""
    return Change(
        "dispatch",
        (OneOf("status", CHUNKING), is_("dispatches", read.dispatches)),
        {"dispatch_at": next_at, "updated_at": now},
        {"dispatches": 1},
    )
