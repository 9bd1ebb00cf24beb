"""The transitions that end a job row, and those of a row that has ended."""

from dataclasses import dataclass
from typing import Any

from stereo_spot.errors import ErrorKind
from stereo_spot.model import ALIVE, OPEN, Job, JobStatus
from stereo_spot.transitions.change import (
    Absent,
    Below,
    Change,
    Condition,
    LeaseFree,
    OneOf,
    is_,
)
from stereo_spot.transitions.limits import (
    COLLECT_AGAIN_S,
    DEADLINE_S,
    FAILED_KEPT_S,
    FRESH_PHASE,
    LEASE_OFF,
    NO_ERROR,
    TOMBSTONE_S,
)

_S = JobStatus


@dataclass(frozen=True)
class Failure:
    """Why a job ends without a film."""

    kind: ErrorKind
    text: str
    segment: int | None = None


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


def _as_read(read: Job) -> tuple[Condition, ...]:
    """The job is open, and neither moved on nor retried since it was read."""
    return OneOf("status", OPEN), is_("status", read.status), is_("round", read.round)


def fail(now: float, read: Job, failure: Failure) -> Change:
    """The job as it was read ends in failure; a retry or any progress in between refuses it."""
    return Change(
        "fail",
        (
            *_as_read(read),
            is_("done_hint", read.done_hint),
            is_("reclaims", read.reclaims),
            LeaseFree(now),
        ),
        _failed(now, failure),
    )


def expire_deadline(now: float, read: Job, failure: Failure) -> Change:
    """A day went by without any progress; a lease that is still held does not count."""
    return Change(
        "expire deadline",
        (*_as_read(read), Below("deadline_at", now)),
        _failed(now, failure),
    )


def refuse(now: float, read: Job, owner: str, failure: Failure) -> Change:
    """The holder found that no further try can help."""
    return Change(
        "refuse",
        (*_as_read(read), is_("lease_owner", owner)),
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
            "dispatch_at": now,
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
    return Change("delete", (OneOf("status", ALIVE),), _deleted(now))


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


def collected(now: float, read: Job) -> Change:
    """The objects that nothing names are gone; look once more after the last writer is over.

    What is still to be told stays due at once.
    """
    when: tuple[Condition, ...] = (
        is_("status", read.status),
        is_("collections", read.collections),
    )
    due = now + COLLECT_AGAIN_S if read.collections == 0 else None
    if read.status is _S.COMPLETED and read.announce in ("pending", "sent"):
        when, due = (*when, is_("announce", read.announce)), now
    return Change("collected", when, {"due_at": due, "updated_at": now}, {"collections": 1})
