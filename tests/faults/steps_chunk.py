"""The chunk step, one store, object or bus call at a time."""

from typing import Any

from stereo_spot.model import JobStatus

from tests.faults.actors import Next, Step, go, known, left, sent, stop, token_of, used
from tests.faults.rules import Rules
from tests.faults.world import Actor, World

_MINE = (JobStatus.CREATED, JobStatus.CHUNKING_IN_PROGRESS)


def chunk_read(m: Rules, w: World, a: Actor) -> Next:
    job = m.table[w.job]
    if job["status"] not in _MINE:
        return [stop(w, a)]
    seen = (job["status"], job["round"], job["done_hint"], job["reclaims"])
    return [go(w, a, "chunk_head", seen, job.get("source_etag"), "start_requested_at" in job)]


def chunk_head(m: Rules, w: World, a: Actor) -> Next:
    seen, pinned, started = a[3:]
    if m.on("source pin") and pinned is not None and pinned != str(w.source):
        return [go(w, a, "fail", *seen, "source_changed")]
    if not w.source:
        return [stop(w, a)]
    if not started:
        return [go(w, a, "chunk_look", w.source)]
    return [go(w, a, "chunk_claim", w.source)]


def chunk_look(m: Rules, w: World, a: Actor) -> Next:
    after = m.job(w.job, "note source", a[3])
    return [stop(w, a, job=after or w.job)]


def chunk_claim(m: Rules, w: World, a: Actor) -> Next:
    token = token_of(m, w, "c")
    after = m.job(w.job, "claim chunk", token, a[3])
    if not after:
        return [go(w, a, "spent_read")]
    w, a = known(w, a, token)
    job = m.table[after]
    claimed = (job["status"], job["round"], a[3])
    if "plan_digest" in job:
        plan = (job["plan_digest"], job["total_segments"])
        return [go(w, a, "chunk_store", claimed, plan, job=after)]
    return [go(w, a, "chunk_plan", claimed, job=after)]


def _source_lost(m: Rules, w: World, a: Actor, claimed: tuple[Any, ...]) -> World | None:
    """What a read of the source does when it is no longer the version pinned."""
    status, round_, pinned = claimed
    if w.source == pinned or not m.on("source pin"):
        return None
    return go(w, a, "refuse", status, round_, "source_changed")


def chunk_plan(m: Rules, w: World, a: Actor) -> Next:
    (claimed,) = a[3:]
    lost = _source_lost(m, w, a, claimed)
    if lost:
        return [lost]
    total = m.segments
    then = "chunk_commit" if m.on("plan first") else "chunk_store"
    worlds = [go(w, a, then, claimed, (f"plan-{w.source}-a", total))]
    if left(w, "replan"):
        for plan in ((f"plan-{w.source}-b", total), (f"plan-{w.source}-c", 3 - total)):
            worlds.append(go(w, a, then, claimed, plan, **used(w, "replan")))
    return worlds


def chunk_commit(m: Rules, w: World, a: Actor) -> Next:
    claimed, plan = a[3:]
    after = m.job(w.job, "commit plan", *plan)
    if after:
        return [go(w, a, "chunk_store", claimed, plan, job=after)]
    return [go(w, a, "chunk_reread", claimed)]


def chunk_reread(m: Rules, w: World, a: Actor) -> Next:
    (claimed,) = a[3:]
    job = m.table[w.job]
    if "plan_digest" not in job:
        return [go(w, a, "report_job")]
    plan = (job["plan_digest"], job["total_segments"])
    return [go(w, a, "chunk_store", claimed, plan)]


def chunk_store(m: Rules, w: World, a: Actor) -> Next:
    """The next segment that is missing; putting one that is there would change nothing."""
    claimed, plan = a[3:]
    stored = {index for index, total, _plan in w.cut if total == plan[1]}
    missing = next((i for i in range(plan[1]) if i not in stored and i < len(w.rows)), None)
    if missing is None:
        return [_cut_done(m, w, a)]
    lost = _source_lost(m, w, a, claimed)
    if lost:
        return [lost]
    cut = w.cut | {(missing, plan[1], plan[0])}
    messages = sent(w, ("render", missing, plan[1]))
    worlds = [go(w, a, "chunk_store", claimed, plan, cut=cut, messages=messages)]
    if left(w, "broken"):
        worlds.append(go(w, a, "report_job", **used(w, "broken")))
    return worlds


def _cut_done(m: Rules, w: World, a: Actor) -> World:
    (_status, round_, _source), plan = a[3:]
    job = w.job
    if not m.on("plan first"):
        job = m.job(job, "commit plan", *plan) or job
    after = m.job(job, "complete chunking", round_)
    return stop(w, a, job=after or job)


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        chunk_read,
        chunk_head,
        chunk_look,
        chunk_claim,
        chunk_plan,
        chunk_commit,
        chunk_reread,
        chunk_store,
    )
}
