"""The transitions of a job row, in the order a film walks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stereo_spot.errors import ErrorKind
from stereo_spot.model import CHUNKING, OPEN, Job, JobStatus
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

TRY_LIMIT = 3
RECLAIM_LIMIT = 10
LEASE_S = 180.0
DEADLINE_S = 24 * 3600.0
FAILED_KEPT_S = 7 * 24 * 3600.0
COLLECT_AGAIN_S = 25 * 3600.0
TOMBSTONE_S = 30 * 24 * 3600.0

_S = JobStatus
LEASE_OFF: Mapping[str, Any] = {"lease_owner": None, "lease_until": None}
FRESH_PHASE: Mapping[str, Any] = {**LEASE_OFF, "tries": 0, "reclaims": 0}
NO_ERROR: Mapping[str, Any] = {"error_kind": None, "error_text": None, "error_segment": None}


@dataclass(frozen=True)
class Failure:
    """Why a job ends without a film."""

    kind: ErrorKind
    text: str
    segment: int | None = None


def request_start(now: float) -> Change:
    """A person asks for the work to begin."""
    return Change(
        "request start",
        (is_("status", _S.CREATED),),
        {"start_requested_at": now, "updated_at": now, "deadline_at": now + DEADLINE_S},
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
    """The chunk step takes the job and pins the version of the source."""
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
        },
    )


def commit_plan(now: float, *, digest: str, total: int, facts: dict[str, Any]) -> Change:
    """The plan becomes the plan of this job for ever, before the first segment is stored."""
    return Change(
        "commit plan",
        (is_("status", _S.CHUNKING_IN_PROGRESS), Absent("plan_digest")),
        {
            "plan_digest": digest,
            "total_segments": total,
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


def _failed(now: float, failure: Failure) -> dict[str, Any]:
    return {
        **LEASE_OFF,
        "status": _S.FAILED,
        "error_kind": failure.kind,
        "error_text": failure.text,
        "error_segment": failure.segment,
        "failed_at": now,
        "updated_at": now,
        "announce": "pending",
        "due_at": now,
    }


def fail(now: float, read: Job, failure: Failure) -> Change:
    """The job as it was read ends in failure; a retry or any progress in between refuses it."""
    return Change(
        "fail",
        (
            is_("status", read.status),
            is_("round", read.round),
            is_("done_hint", read.done_hint),
            LeaseFree(now),
        ),
        _failed(now, failure),
    )


def expire_deadline(now: float, read: Job, failure: Failure) -> Change:
    """A day went by without any progress; a lease that is still held does not count."""
    return Change(
        "expire deadline",
        (is_("status", read.status), is_("round", read.round), Below("deadline_at", now)),
        _failed(now, failure),
    )


def refuse(now: float, read: Job, owner: str, failure: Failure) -> Change:
    """The holder found that no further try can help."""
    return Change(
        "refuse",
        (is_("status", read.status), is_("round", read.round), is_("lease_owner", owner)),
        _failed(now, failure),
    )


def refuse_unstarted(now: float, read: Job, failure: Failure) -> Change:
    """The source of a job that waits to be started cannot be used."""
    return Change(
        "refuse unstarted",
        (is_("status", _S.CREATED), is_("round", read.round), Absent("lease_owner")),
        _failed(now, failure),
    )


def cancel(now: float) -> Change:
    """A person stops the job; a retry undoes it."""
    failure = Failure(ErrorKind.CANCELLED, "stopped by its owner")
    return Change("cancel", (OneOf("status", OPEN),), _failed(now, failure))


def retry(now: float, read: Job) -> Change:
    """A person lets a failed job go on; plan, objects and finished segments stay."""
    status = _S.CREATED if read.source_etag is None else _S.CHUNKING_IN_PROGRESS
    if read.chunked_at is not None:
        status = _S.CHUNKING_COMPLETE
    return Change(
        "retry",
        (is_("status", _S.FAILED), is_("round", read.round)),
        {
            **FRESH_PHASE,
            **NO_ERROR,
            "status": status,
            "round": read.round + 1,
            "start_requested_at": now,
            "failed_at": None,
            "announce": None,
            "due_at": None,
            "dispatch_at": None,
            "dispatches": 0,
            "updated_at": now,
            "deadline_at": now + DEADLINE_S,
        },
    )


def _deleted(now: float) -> dict[str, Any]:
    return {
        **LEASE_OFF,
        "status": _S.DELETED,
        "deleted_at": now,
        "updated_at": now,
        "collections": 0,
        "due_at": now,
        "ttl": now + TOMBSTONE_S,
    }


def delete(now: float) -> Change:
    """A person removes the job; the row stays as a tombstone, the objects go."""
    alive = tuple(status for status in JobStatus if status is not _S.DELETED)
    return Change("delete", (OneOf("status", alive),), _deleted(now))


def expire(now: float, read: Job) -> Change:
    """A failed job that nobody retried for a week goes."""
    return Change(
        "expire",
        (
            is_("status", _S.FAILED),
            is_("round", read.round),
            Below("failed_at", now - FAILED_KEPT_S),
        ),
        _deleted(now),
    )


def announced(now: float, read: Job) -> Change:
    """The end was told to the world; what is due next depends on how it ended."""
    due = now + FAILED_KEPT_S if read.status is _S.FAILED else now
    return Change(
        "announced",
        (is_("status", read.status), is_("round", read.round), is_("announce", "pending")),
        {"announce": "done", "due_at": due, "updated_at": now},
    )


def collected(now: float, read: Job) -> Change:
    """The objects that nothing names are gone; look once more after the last writer is over."""
    due = now + COLLECT_AGAIN_S if read.collections == 0 else None
    return Change(
        "collected",
        (is_("status", read.status), is_("collections", read.collections)),
        {"due_at": due, "updated_at": now},
        {"collections": 1},
    )


def dispatch(now: float, read: Job, next_at: float) -> Change:
    """The sweeper sends the unclaimed segments out again, with growing pauses."""
    return Change(
        "dispatch",
        (OneOf("status", CHUNKING), is_("dispatches", read.dispatches)),
        {"dispatch_at": next_at, "updated_at": now},
        {"dispatches": 1},
    )
