"""The transitions of a row that has ended by which the world gets to know: the bus, the receiver.

`announce` says how far that is: `pending` nobody, `sent` the bus, `done` the receiver too.
"""

from stereo_spot.model import Job, JobStatus
from stereo_spot.transitions.change import Change, Condition, is_
from stereo_spot.transitions.limits import COLLECT_AGAIN_S, FAILED_KEPT_S


def announced(now: float, read: Job) -> Change:
    """The end was told on the bus; next comes the operator's receiver, where there is one."""
    return Change(
        "announced",
        (is_("status", read.status), is_("round", read.round), is_("announce", "pending")),
        {"announce": "sent", "due_at": now, "updated_at": now},
    )


def _sent(read: Job) -> tuple[Condition, ...]:
    """The receiver was not told yet, and nothing else moved what is due."""
    return (
        is_("status", read.status),
        is_("round", read.round),
        is_("announce", "sent"),
        is_("collections", read.collections),
    )


def told_later(now: float, read: Job, next_at: float) -> Change:
    """The receiver is about to be told; where that fails, or we die, again at `next_at`."""
    return Change(
        "told later",
        (*_sent(read), is_("due_at", read.due_at)),
        {"due_at": next_at, "updated_at": now},
    )


def told(now: float, read: Job) -> Change:
    """The receiver knows, or never will; what is due next depends on how the job ended."""
    return Change(
        "told", _sent(read), {"announce": "done", "due_at": _due(now, read), "updated_at": now}
    )


def _due(now: float, read: Job) -> float | None:
    if read.status is JobStatus.FAILED:
        return (read.failed_at or now) + FAILED_KEPT_S
    if read.collections == 1:
        return (read.completed_at or now) + COLLECT_AGAIN_S
    return now if read.collections == 0 else None
