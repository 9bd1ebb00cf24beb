"""The transitions of a deletion that a person may still undo.

The row is a tombstone at once, so every step and page takes the job for deleted; but nothing of
it goes before `seal`, and of `seal` and `restore` one only can hold.
"""

from stereo_spot.model import ALIVE, OPEN, Job, JobStatus
from stereo_spot.transitions.change import Below, Change, Present, is_
from stereo_spot.transitions.ends import delete
from stereo_spot.transitions.limits import FAILED_KEPT_S, UNDO_KEPT_S

_S = JobStatus


def set_aside(now: float, read: Job) -> tuple[Change, ...]:
    """A person removes the job and may still undo that.

    One change for each status that it can have by now, the one read first.
    """
    order = sorted(ALIVE, key=lambda status: status is not read.status)
    return tuple(
        Change(
            "set aside",
            (is_("status", status),),
            {**delete(now).sets, "deleted_from": status, "due_at": now + UNDO_KEPT_S},
        )
        for status in order
    )


def restore(now: float, read: Job) -> Change:
    """A person undoes a deletion: the job stands where it stood, and what was due is due.

    Segments that were given up meanwhile are sent out again at once.
    """
    due = None if read.deleted_from in OPEN else now
    if read.deleted_from is _S.FAILED and read.announce == "done":
        due = (read.failed_at or now) + FAILED_KEPT_S
    return Change(
        "restore",
        (
            is_("status", _S.DELETED),
            is_("deleted_from", read.deleted_from),
            is_("round", read.round),
        ),
        {
            "status": read.deleted_from,
            "deleted_from": None,
            "deleted_at": None,
            "ttl": None,
            "due_at": due,
            "dispatch_at": now,
            "dispatches": 0,
            "updated_at": now,
        },
    )


def seal(now: float) -> Change:
    """The time to undo a deletion is over; from here on its objects may go."""
    return Change(
        "seal",
        (is_("status", _S.DELETED), Present("deleted_from"), Below("due_at", now)),
        {"deleted_from": None, "updated_at": now},
    )
