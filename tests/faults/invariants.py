"""What must hold of every world that can be reached; I1 to I9 and the cost."""

from collections.abc import Callable

from stereo_spot.model import JobStatus
from stereo_spot.transitions.job import RECLAIM_LIMIT, TRY_LIMIT

from tests.faults.rules import Rules
from tests.faults.world import NOW, World

_S = JobStatus
_COSTLY = frozenset({"kill", "zombie", "broken", "stop", "foreign"})
_ENDING = frozenset({"cancel", "retry", "delete", "set_aside", "replace", "deadline"})
_DISTURBING = {"replace", "deadline", "foreign"}


def at_most_one_publish(_m: Rules, w: World) -> bool:
    """I1."""
    return w.ghost.publishes <= 1


def the_film_is_whole(m: Rules, w: World) -> bool:
    """I2: all parts, each good, of the one plan; the sound of the pinned source."""
    job = m.table[w.job]
    if job["status"] != _S.COMPLETED:
        return True
    film = w.film
    if film is None or not film.good or len(film.parts) != job["total_segments"]:
        return False
    of_the_plan = all(part.good and part.plan == job["plan_digest"] for part in film.parts)
    return of_the_plan and str(film.sound) == job["source_etag"]


def named_objects_stay(m: Rules, w: World) -> bool:
    """I3: what a done row or the published row names is there, unchanged."""
    job = m.table[w.job]
    if job["status"] == _S.COMPLETED:
        return job["output_etag"] == repr(hash(w.film))
    if job["status"] == _S.DELETED:
        return True
    for row, output in zip(w.rows, w.outputs, strict=True):
        etag = m.table[row].get("output_etag") if row else None
        if etag is not None and (output is None or str(output.etag) != etag):
            return False
    return True


def only_spent_jobs_fail(m: Rules, w: World) -> bool:
    """I6: what a failed job says is so: tries used up in this round, a day gone, a new source."""
    job = m.table[w.job]
    if job["status"] != _S.FAILED:
        return True
    kind = job["error_kind"]
    if kind == "cancelled":
        return "cancel" in w.ghost.spent
    if kind == "source_changed":
        return "replace" in w.ghost.spent
    rows = [m.table[row] for row in w.rows if row]
    if kind == "no_progress":
        return bool(job["deadline_at"] < NOW or job["reclaims"] >= m.reclaims) or any(
            row["reclaims"] >= m.reclaims and row["progress_mark"] >= job["done_hint"]
            for row in rows
        )
    return job["tries"] >= TRY_LIMIT or any(
        row["tries"] >= TRY_LIMIT and row["round"] == job["round"] for row in rows
    )


def poison_never_completes(m: Rules, w: World) -> bool:
    """I7, with I5: a segment that cannot be rendered ends the job, and not as a film."""
    return not m.poison or m.table[w.job]["status"] != _S.COMPLETED


def one_run_per_segment(m: Rules, w: World) -> bool:
    """COST: the engine runs once per segment when nothing dies."""
    return m.poison or bool((_COSTLY | _ENDING) & {*w.ghost.spent}) or max(w.ghost.runs) <= 1


def nothing_is_left(m: Rules, w: World) -> bool:
    """I8: once the second collection is over, only what is named is there."""
    job = m.table[w.job]
    if job["status"] not in (_S.COMPLETED, _S.DELETED) or "due_at" in job or w.actors:
        return True
    kept = job["status"] == _S.COMPLETED
    rows = () if kept else w.rows
    film = None if kept else w.film
    return not (w.cut or any(w.outputs) or w.source or film or any(rows))


def the_end_is_told(m: Rules, w: World) -> bool:
    """I9: nothing counts as announced, or told to the receiver, that was not."""
    job = m.table[w.job]
    if job["status"] not in (_S.COMPLETED, _S.FAILED) or job.get("announce") == "pending":
        return True
    end = (job["round"], str(job["status"]))
    needed = {end, (*end, "receiver")} if job.get("announce") == "done" else {end}
    return needed <= w.ghost.told


INVARIANTS: dict[str, Callable[[Rules, World], bool]] = {
    "I1": at_most_one_publish,
    "I2": the_film_is_whole,
    "I3": named_objects_stay,
    "I6": only_spent_jobs_fail,
    "I7": poison_never_completes,
    "COST": one_run_per_segment,
    "I8": nothing_is_left,
    "I9": the_end_is_told,
}


def settled(m: Rules, w: World) -> bool:
    """I5, I7, I8, I9 as a goal: ended, told, collected; a failed job through its expiry."""
    job = m.table[w.job]
    over = job["status"] in (_S.COMPLETED, _S.DELETED)
    return over and "due_at" not in job and not w.actors


def ended(m: Rules, w: World) -> bool:
    """I5 for runs without the sweeper, which nobody tidies up after."""
    return not JobStatus(m.table[w.job]["status"]).open


def can_still_complete(m: Rules, w: World, retries: int) -> bool:
    """I6 as a goal: whether a good job in this world owes us a film."""
    job = m.table[w.job]
    status = JobStatus(job["status"])
    if status in (_S.DELETED, _S.COMPLETED) or m.poison or _DISTURBING & {*w.ghost.spent}:
        return False
    if m.reclaims < RECLAIM_LIMIT or "source_etag" not in job or "start_requested_at" not in job:
        return False
    if retries:
        return status.open or status is _S.FAILED
    return status.open and w.ghost.spent.count("broken") < TRY_LIMIT


def completed(m: Rules, w: World) -> bool:
    """The film is published."""
    return bool(m.table[w.job]["status"] == _S.COMPLETED)
