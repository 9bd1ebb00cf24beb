"""The sweep step and collection, one store, object or bus call at a time; and the upload."""

from typing import Any

from stereo_spot.model import CHUNKING, JobStatus

from tests.faults.actors import Next, Step, done_rows, go, sent, stop
from tests.faults.rules import Rules
from tests.faults.steps_end import failing_in, may_be_spent
from tests.faults.world import NOW, Actor, World

_S = JobStatus


def sweep_read(m: Rules, w: World, a: Actor) -> Next:
    job = m.table[w.job]
    status = JobStatus(job["status"])
    if status.open and job["deadline_at"] < NOW:
        return [go(w, a, "expire_deadline", status, job["round"])]
    if status is _S.CREATED:
        return [stop(w, a, messages=sent(w, *([("chunk",)] if w.source else [])))]
    if status in CHUNKING:
        return [_sweep_chunking(m, w, a)]
    if status is _S.REASSEMBLING:
        return [failing_in(m, w, a, w.job) or stop(w, a, messages=_woken(m, w, "reassemble"))]
    return [_finish(m, w, a, job)]


def _sweep_chunking(m: Rules, w: World, a: Actor) -> World:
    for index, output in enumerate(w.outputs):
        row = m.table[w.rows[index]] if w.rows[index] else {}
        known = output is not None and output.plan == m.table[w.job].get("plan_digest")
        if known and "completed_at" not in row and m.on("adoption by the sweeper"):
            return go(w, a, "complete_read", index, True)
    job = m.table[w.job]
    wakes = job["status"] == _S.CHUNKING_IN_PROGRESS and job.get("lease_until", 0) < NOW
    read = (job.get("total_segments"), job.get("plan_digest"), wakes)
    return go(w, a, "sweep_rows", read, w.job if may_be_spent(m, w) else 0)


def sweep_rows(m: Rules, w: World, a: Actor) -> Next:
    (total, plan, wakes), job = a[3:]
    if done_rows(m, w) == total:
        return [go(w, a, "complete_flip", total)]
    failing = failing_in(m, w, a, job) if job else None
    if failing:
        return [failing]
    messages = sent(w, ("chunk",)) if wakes else w.messages
    return [stop(w, a, messages=messages | _waiting(m, w, plan))]


def _woken(m: Rules, w: World, step: str) -> Any:
    free = m.table[w.job].get("lease_until", 0) < NOW
    return sent(w, (step,)) if free else w.messages


def _waiting(m: Rules, w: World, plan: str | None) -> frozenset[Any]:
    """The segments of the plan that are stored and that nobody holds."""
    held = set()
    for index, number in enumerate(w.rows):
        row = m.table[number] if number else {}
        if "completed_at" in row or row.get("lease_until", 0) >= NOW:
            held.add(index)
    return frozenset(
        ("render", index, total) for index, total, of in w.cut if of == plan and index not in held
    )


def _finish(m: Rules, w: World, a: Actor, job: Any) -> World:
    status, round_ = job["status"], job["round"]
    if job.get("announce") == "pending" and status != _S.DELETED:
        return go(w, a, "announce_send", status, round_)
    collections = job.get("collections", 0)
    untold = job.get("announce") == "sent" and status != _S.DELETED
    if untold and (collections or status == _S.FAILED):
        return go(w, a, "tell_send", status, round_, collections, job["due_at"])
    if status == _S.FAILED and m.on("collect only at the end"):
        return stop(w, a, job=m.job(w.job, "expire", round_) or w.job)
    if "deleted_from" in job and m.on("final before it is collected"):
        return go(w, a, "seal")
    return go(w, a, "collect", status, collections, job.get("announce"))


def seal(m: Rules, w: World, a: Actor) -> Next:
    after = m.job(w.job, "seal")
    if not after:
        return [stop(w, a)]
    job = m.table[after]
    found = (job["status"], job.get("collections", 0), job.get("announce"))
    return [go(w, a, "collect", *found, job=after)]


def collect(m: Rules, w: World, a: Actor) -> Next:
    status, collections, announce = a[3:]
    changes: dict[str, Any] = {
        "source": 0,
        "cut": frozenset(),
        "outputs": tuple(None for _ in w.outputs),
    }
    if status == _S.DELETED:
        changes |= {"film": None, "rows": tuple(0 for _ in w.rows)}
    return [go(w, a, "collect_note", status, collections, announce, **changes)]


def collect_note(m: Rules, w: World, a: Actor) -> Next:
    return [stop(w, a, job=m.job(w.job, "collected", *a[3:]) or w.job)]


def upload_put(m: Rules, w: World, a: Actor) -> Next:
    if w.source:
        return [stop(w, a)]
    return [stop(w, a, source=1, messages=sent(w, ("chunk",)))]


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        sweep_read,
        sweep_rows,
        seal,
        collect,
        collect_note,
        upload_put,
    )
}
