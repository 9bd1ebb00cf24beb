"""The ways a job ends, and the reassemble step, one store, object or bus call at a time."""

from typing import Any

from stereo_spot.model import CHUNKING, JobStatus
from stereo_spot.transitions.job import TRY_LIMIT

from tests.faults.actors import Next, Step, done_rows, go, known, left, stop, token_of, used
from tests.faults.rules import Rules
from tests.faults.world import Actor, Film, Output, World


def spent_read(m: Rules, w: World, a: Actor) -> Next:
    if not JobStatus(m.table[w.job]["status"]).open or not may_be_spent(m, w):
        return [stop(w, a)]
    return [go(w, a, "spent_rows", w.job)]


def may_be_spent(m: Rules, w: World) -> bool:
    """Whether a reader who looks at job and rows now or soon could find the tries used up."""
    most = max(m.table[row].get("tries", 0) for row in (w.job, *w.rows))
    lost = max(m.table[row].get("reclaims", 0) for row in (w.job, *w.rows))
    if lost + left(w, "kill") + left(w, "stop") >= m.reclaims:
        return True
    strange = left(w, "foreign") or "foreign" in w.ghost.spent
    return bool(strange) or most + left(w, "broken") >= TRY_LIMIT or m.poison


def spent_rows(m: Rules, w: World, a: Actor) -> Next:
    (job,) = a[3:]
    failing = failing_in(m, w, a, job)
    return [failing or stop(w, a)]


def failing_in(m: Rules, w: World, a: Actor, job: int) -> World | None:
    """The actor about to fail the job it read, None when no limit is reached."""
    rows = w.rows if m.table[job]["status"] in CHUNKING else ()
    failure = m.failure(job, rows) if m.on("act on the limit") else None
    if failure is None:
        return None
    read = m.table[job]
    seen = (read["status"], read["round"], read["done_hint"], read["reclaims"])
    return go(w, a, "fail", *seen, str(failure.kind))


def fail(m: Rules, w: World, a: Actor) -> Next:
    return ended_by(m, w, a, m.job(w.job, "fail", *a[3:]))


def refuse(m: Rules, w: World, a: Actor) -> Next:
    status, round_, kind = a[3:]
    return ended_by(m, w, a, m.job(w.job, "refuse", status, round_, a[1], kind))


def expire_deadline(m: Rules, w: World, a: Actor) -> Next:
    status, round_ = a[3:]
    return ended_by(m, w, a, m.job(w.job, "expire deadline", status, round_))


def ended_by(m: Rules, w: World, a: Actor, after: int, **changes: Any) -> Next:
    """What follows a write that ends the job: telling the world, unless it was refused."""
    if not after:
        return [stop(w, a, **changes)]
    job = m.table[after]
    return [go(w, a, "announce_send", job["status"], job["round"], job=after, **changes)]


def announce_send(m: Rules, w: World, a: Actor) -> Next:
    status, round_ = a[3:]
    told = w.ghost._replace(told=w.ghost.told | {(round_, str(status))})
    return [go(w, a, "announce_note", status, round_, ghost=told)]


def announce_note(m: Rules, w: World, a: Actor) -> Next:
    return [stop(w, a, job=m.job(w.job, "announced", *a[3:]) or w.job)]


def report_job(m: Rules, w: World, a: Actor) -> Next:
    return [go(w, a, "spent_read", job=m.job(w.job, "report failure", a[1]) or w.job)]


def join_claim(m: Rules, w: World, a: Actor) -> Next:
    token = token_of(m, w, "j")
    after = m.job(w.job, "claim reassembly", token)
    if not after:
        return [go(w, a, "spent_read")]
    w, a = known(w, a, token)
    job = m.table[after]
    claimed = (job["status"], job["round"], job["source_etag"])
    return [go(w, a, "join_rows", claimed, job["total_segments"], job=after)]


def join_rows(m: Rules, w: World, a: Actor) -> Next:
    job, total = a[3:]
    if done_rows(m, w) != total and m.on("rows are total"):
        return [go(w, a, "report_job")]
    parts = tuple(m.table[row].get("output_etag") for row in w.rows if row)
    if w.film is None:
        return [go(w, a, "join_read", job, parts)]
    return [_adopt(m, w, a, w.film, parts)]


def _adopt(m: Rules, w: World, a: Actor, there: Film, parts: Any, **more: Any) -> World:
    if tuple(str(part.etag) for part in there.parts) != parts or not there.good:
        return go(w, a, "report_job", **more)
    return go(w, a, "publish", **more)


def join_read(m: Rules, w: World, a: Actor) -> Next:
    job, parts = a[3:]
    status, round_, pinned = job
    if m.on("source pin") and str(w.source) != pinned:
        refused = ("refuse", status, round_, "source_changed")
        return [go(w, a, *(refused if w.source else ("report_job",)))]
    found = tuple(output for output in w.outputs if output is not None)
    if tuple(str(output.etag) for output in found) != parts and m.on("part etags"):
        return [go(w, a, "report_job")]
    worlds = [go(w, a, "join_put", parts, Film(found, w.source, True))]
    if left(w, "broken"):
        worlds.append(_joined_badly(m, w, a, parts, found))
    return worlds


def _joined_badly(
    m: Rules, w: World, a: Actor, parts: tuple[str, ...], found: tuple[Output, ...]
) -> World:
    if m.on("verify the film before the put"):
        return go(w, a, "report_job", **used(w, "broken"))
    return go(w, a, "join_put", parts, Film(found, w.source, False), **used(w, "broken"))


def join_put(m: Rules, w: World, a: Actor) -> Next:
    parts, film = a[3:]
    if w.film is None or not m.on("first writer wins"):
        return [_adopt(m, w, a, film, parts, film=film)]
    return [_adopt(m, w, a, w.film, parts)]


def publish(m: Rules, w: World, a: Actor) -> Next:
    film = w.film
    etag = repr(hash(film))
    after = m.job(w.job, "publish", etag)
    if after:
        ghost = w.ghost._replace(publishes=w.ghost.publishes + 1)
        return ended_by(m, w, a, after, ghost=ghost)
    return [stop(w, a)]


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        spent_read,
        spent_rows,
        fail,
        refuse,
        expire_deadline,
        announce_send,
        announce_note,
        report_job,
        join_claim,
        join_rows,
        join_read,
        join_put,
        publish,
    )
}
