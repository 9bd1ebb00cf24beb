"""The render and complete steps, one store, object or bus call at a time."""

from typing import Any

from stereo_spot.model import CHUNKING, JobStatus

from tests.faults.actors import (
    Next,
    Step,
    done_rows,
    go,
    known,
    left,
    sent,
    stop,
    token_of,
    used,
)
from tests.faults.rules import Rules
from tests.faults.world import Actor, Output, World, replaced


def render_read(m: Rules, w: World, a: Actor) -> Next:
    index, total = a[2][1:]
    job = m.table[w.job]
    early = m.on("claim while cutting")
    wanted = CHUNKING if early else (JobStatus.CHUNKING_COMPLETE,)
    if job["status"] not in wanted or (early and "plan_digest" not in job):
        return [stop(w, a)]
    if early and job["total_segments"] != total and m.on("plan mark"):
        return [stop(w, a)]
    seen = (job["round"], job["done_hint"], job["total_segments"], job["plan_digest"])
    return [go(w, a, "render_head", index, seen)]


def render_head(m: Rules, w: World, a: Actor) -> Next:
    index, seen = a[3:]
    there = w.outputs[index]
    if there is not None and (_of_plan(m, there.plan, seen[3]) or not m.on("blame strangers")):
        return [go(w, a, "complete_read", index, True)]
    found = [plan for i, _, plan in w.cut if i == index and _of_plan(m, plan, seen[3])]
    if not found:
        return [stop(w, a)]
    plan = None if there is not None else min(found)
    return [go(w, a, "render_claim", index, (*seen[:3], plan))]


def _of_plan(m: Rules, found: str, committed: str | None) -> bool:
    return found == committed or not m.on("plan mark")


def render_claim(m: Rules, w: World, a: Actor) -> Next:
    index, (round_, hint, total, plan) = a[3:]
    token = token_of(m, w, "r")
    after = m.segment(w.rows[index], "claim", token, index, round_, hint, total)
    if not after:
        return [go(w, a, "spent_read")]
    w, a = known(w, a, token)
    rows = replaced(w.rows, index, after)
    if plan is None:
        return [go(w, a, "report_segment", index, rows=rows)]
    runs = replaced(w.ghost.runs, index, w.ghost.runs[index] + 1)
    return [
        go(
            w,
            a,
            "render_put",
            index,
            plan,
            rows=rows,
            ghost=w.ghost._replace(runs=runs),
        )
    ]


def render_put(m: Rules, w: World, a: Actor) -> Next:
    """The engine has run, and what it made was verified."""
    index, plan = a[3:]
    if m.poison and index == 0:
        return [go(w, a, "report_segment", index)]
    worlds = [_put(m, w, a, Output(w.ghost.runs[index], True, plan))]
    if left(w, "broken"):
        worlds.append(_broken(m, w, a, Output(w.ghost.runs[index], False, plan)))
    if left(w, "stop"):
        worlds.append(go(w, a, "return_segment", index, **used(w, "stop")))
    if _notices_the_end(m, w, a):
        worlds.append(go(w, a, "return_segment", index))
    return worlds


def _put(m: Rules, w: World, a: Actor, output: Output, **changes: Any) -> World:
    index = a[3]
    if w.outputs[index] is None or not m.on("first writer wins"):
        changes["outputs"] = replaced(w.outputs, index, output)
        changes["messages"] = sent(w, ("complete", index))
    return go(w, a, "complete_read", index, False, **changes)


def _broken(m: Rules, w: World, a: Actor, output: Output) -> World:
    if m.on("verify before the put"):
        return go(w, a, "report_segment", a[3], **used(w, "broken"))
    return _put(m, w, a, output, **used(w, "broken"))


def _notices_the_end(m: Rules, w: World, a: Actor) -> bool:
    """Whether a heartbeat now would tell the worker to stop."""
    row = w.rows[a[3]]
    mine = bool(row) and m.table[row].get("lease_owner") == a[1]
    return not mine or m.table[w.job]["status"] not in CHUNKING


def return_segment(m: Rules, w: World, a: Actor) -> Next:
    return [_segment_freed(m, w, a, "give back", None)]


def report_segment(m: Rules, w: World, a: Actor) -> Next:
    return [_segment_freed(m, w, a, "report failure", "spent_read")]


def _segment_freed(m: Rules, w: World, a: Actor, change: str, then: str | None) -> World:
    index = a[3]
    after = m.segment(w.rows[index], change, a[1])
    rows = replaced(w.rows, index, after or w.rows[index])
    return go(w, a, then, rows=rows) if then else stop(w, a, rows=rows)


def complete_read(m: Rules, w: World, a: Actor) -> Next:
    index, creates = a[3:]
    job, output = m.table[w.job], w.outputs[index]
    counted = m.on("count before the plan") or job["status"] == JobStatus.CHUNKING_COMPLETE
    if job["status"] not in CHUNKING or output is None or not counted:
        return [stop(w, a)]
    trusted = output.good or m.on("verify before the put")
    total, hint = job.get("total_segments", 0), job["done_hint"]
    if not _of_plan(m, output.plan, job.get("plan_digest")) or not trusted or index >= total:
        return [stop(w, a)]
    return [go(w, a, "complete_done", index, creates, output, total, hint)]


def complete_done(m: Rules, w: World, a: Actor) -> Next:
    index, creates, output, total, hint = a[3:]
    after = m.segment(w.rows[index], "done", index, output, total, creates)
    if after:
        return [go(w, a, "complete_note", total, rows=replaced(w.rows, index, after))]
    return [_counts(m, w, a, total, hint)]


def _counts(m: Rules, w: World, a: Actor, total: int, hint: int, **changes: Any) -> World:
    if hint < total:
        return stop(w, a, **changes)
    then = "complete_count" if m.on("count the rows") else "complete_flip"
    return go(w, a, then, total, **changes)


def complete_note(m: Rules, w: World, a: Actor) -> Next:
    (total,) = a[3:]
    after = m.job(w.job, "note done")
    if not after:
        return [stop(w, a)]
    worlds = [_counts(m, w, a, total, m.table[after]["done_hint"], job=after)]
    if left(w, "twice"):
        twice = m.job(after, "note done")
        hint = m.table[twice]["done_hint"]
        worlds.append(_counts(m, w, a, total, hint, job=twice, **used(w, "twice")))
    return worlds


def complete_count(m: Rules, w: World, a: Actor) -> Next:
    (total,) = a[3:]
    if done_rows(m, w) != total:
        return [stop(w, a)]
    return [go(w, a, "complete_flip", total)]


def complete_flip(m: Rules, w: World, a: Actor) -> Next:
    job = m.table[w.job]
    if not m.on("flip while cutting") and job["status"] != JobStatus.CHUNKING_COMPLETE:
        return [stop(w, a)]
    after = m.job(w.job, "flip")
    return [go(w, a, "complete_send", job=after)] if after else [stop(w, a)]


def complete_send(m: Rules, w: World, a: Actor) -> Next:
    return [stop(w, a, messages=sent(w, ("reassemble",)))]


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        render_read,
        render_head,
        render_claim,
        render_put,
        return_segment,
        report_segment,
        complete_read,
        complete_done,
        complete_note,
        complete_count,
        complete_flip,
        complete_send,
    )
}
