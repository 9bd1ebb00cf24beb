"""Everything that happens around the steps: delivery, time, people, and the faults."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from stereo_spot.model import JobStatus
from stereo_spot.transitions.job import RECLAIM_LIMIT

from tests.faults import steps_chunk, steps_end, steps_render, steps_sweep, steps_tell
from tests.faults.actors import FAULTS, NOBODY, joined, left, sent, used
from tests.faults.rules import Rules
from tests.faults.world import LONG_AGO, NOW, Actor, Ghost, Message, Output, World, replaced

STEPS = steps_chunk.STEPS | steps_render.STEPS | steps_end.STEPS | steps_sweep.STEPS
STEPS |= steps_tell.STEPS
_FIRST = {
    "chunk": "chunk_read",
    "render": "render_read",
    "complete": "complete_read",
    "reassemble": "join_claim",
}


_HEARD: dict[str, tuple[str, ...]] = {
    JobStatus.CREATED: tuple(_FIRST),
    JobStatus.CHUNKING_IN_PROGRESS: tuple(_FIRST),
    JobStatus.CHUNKING_COMPLETE: ("render", "complete", "reassemble"),
    JobStatus.REASSEMBLING: ("reassemble",),
    JobStatus.FAILED: (),
    JobStatus.COMPLETED: (),
    JobStatus.DELETED: (),
}
"""Which messages can still have an effect, unless a retry opens the job again."""


_DEAD = "dead"


class Setting(NamedTuple):
    """What one run explores."""

    segments: int = 1
    actors: int = 2
    """Steps that may run at the same time; one more where it is the sweeper."""
    faults: tuple[tuple[str, int], ...] = ()
    sweeper: bool = True
    lossy: bool = False
    """Whether any message may be lost, without end."""
    autostart: bool = True
    uploaded: bool = True
    poison: bool = False
    """Whether the engine fails on segment 0 every time."""
    reclaims: int = RECLAIM_LIMIT
    """How many workers may be lost without progress."""


class Edge(NamedTuple):
    """A world that may follow, what led there, and whether it needs a fault or a person."""

    world: World
    label: str
    kind: str
    """`free`, `fault` or `person`."""


def start_of(m: Rules, setting: Setting) -> World:
    """The world just after the job was created."""
    job: dict[str, Any] = {"status": JobStatus.CREATED, "round": 1, "tries": 0, "reclaims": 0}
    job |= {"done_hint": 0, "deadline_at": NOW + 86400.0, "collections": 0}
    if setting.autostart:
        job["start_requested_at"] = NOW
    faults = dict(setting.faults)
    size = 2 if "replan" in faults else setting.segments
    upload: Actor = ("upload_put", NOBODY, None)
    return World(
        job=m.table.number(job),
        rows=(0,) * size,
        source=1 if setting.uploaded else 0,
        cut=frozenset(),
        outputs=(None,) * size,
        film=None,
        messages=frozenset({("chunk",)} if setting.uploaded else ()),
        actors=() if setting.uploaded else (upload,),
        budget=tuple(faults.get(fault, 0) for fault in FAULTS),
        ghost=Ghost(runs=(0,) * size),
    )


def edges(m: Rules, w: World, setting: Setting) -> Iterator[Edge]:
    """All worlds that may follow `w`."""
    for actor in w.actors:
        for after in STEPS[actor[0]](m, w, actor):
            kind = "free" if after.budget == w.budget else "fault"
            yield Edge(tidy(m, after), f"{actor[0]} {actor[1:]}", kind)
    yield from _deliveries(m, w, setting)
    yield from _time(m, w)
    if setting.sweeper and m.on("sweeper"):
        yield from _sweeps(m, w, setting)
    if any(w.budget):
        yield from _deaths(m, w)
        yield from _people(m, w)


def started(w: World, name: str, message: Message | None, *memory: Any) -> tuple[World, Actor]:
    """A step begins."""
    actor: Actor = (name, NOBODY, message, *memory)
    return joined(w, w.actors, actor), actor


def _first(m: Rules, w: World, name: str, message: Message | None) -> World:
    """A step begins and makes its first call: being woken is seen by nobody."""
    memory = (message[1], True) if message and message[0] == "complete" else ()
    begun, actor = started(w, name, message, *memory)
    (after,) = STEPS[name](m, begun, actor)
    return tidy(m, after)


def tidy(m: Rules, w: World) -> World:
    """The same world with what makes no difference any more told in one way."""
    alive = {actor[1] for actor in w.actors}
    job = _buried(m, w.job, alive)
    rows = tuple(_buried(m, row, alive) for row in w.rows)
    if job != w.job or rows != w.rows:
        w = w._replace(job=job, rows=rows)
    return _without_dead_messages(m, w)


def _buried(m: Rules, number: int, alive: set[str]) -> int:
    """The row, with its lease in the name of the dead when the holder is."""
    owner = m.table[number].get("lease_owner", _DEAD)
    return number if owner == _DEAD or owner in alive else m.edited(number, lease_owner=_DEAD)


def _without_dead_messages(m: Rules, w: World) -> World:
    """Without the messages that no step would act on any more: a step reads the job first."""
    if not w.messages:
        return w
    job = m.table[w.job]
    status = job["status"]
    ended = status in (JobStatus.COMPLETED, JobStatus.DELETED)
    if (left(w, "retry") and not ended) or (left(w, "restore") and "deleted_from" in job):
        return w
    alive = _HEARD[status]
    return w._replace(messages=frozenset(msg for msg in w.messages if msg[0] in alive))


def _deliveries(m: Rules, w: World, setting: Setting) -> Iterator[Edge]:
    for message in w.messages:
        without = w._replace(messages=w.messages - {message})
        if setting.lossy:
            yield Edge(without, f"lost {message}", "fault")
        elif left(w, "drop"):
            yield Edge(without._replace(**used(w, "drop")), f"drop {message}", "fault")
        if len(w.actors) >= setting.actors:
            continue
        name = _FIRST[message[0]]
        yield Edge(_first(m, without, name, message), f"deliver {message}", "free")
        if left(w, "duplicate"):
            twice = w._replace(**used(w, "duplicate"))
            yield Edge(_first(m, twice, name, message), f"duplicate {message}", "fault")


def _time(m: Rules, w: World) -> Iterator[Edge]:
    """Leases of the dead run out, living holders keep theirs, what is due later becomes due."""
    alive = {actor[1] for actor in w.actors}
    for number, put in _leases(m, w):
        row = m.table[number]
        owner, held = row.get("lease_owner"), row.get("lease_until", 0) >= NOW
        if owner is None:
            continue
        if held and owner not in alive and m.on("lease expiry"):
            yield Edge(put(m.edited(number, lease_until=LONG_AGO)), f"{owner} ran out", "free")
        elif held and left(w, "zombie") and owner in alive:
            late = put(m.edited(number, lease_until=LONG_AGO))._replace(**used(w, "zombie"))
            yield Edge(late, f"{owner} zombie", "fault")
        elif not held and owner in alive:
            beat = m.job if number == w.job else m.segment
            after = beat(number, "heartbeat", owner)
            if after:
                yield Edge(put(after), f"{owner} beats", "free")
    yield from _later(m, w)


def _leases(m: Rules, w: World) -> Iterator[tuple[int, Any]]:
    yield w.job, lambda after: w._replace(job=after)
    for index, number in enumerate(w.rows):
        if number:
            yield (
                number,
                lambda after, index=index: w._replace(rows=replaced(w.rows, index, after)),
            )


def _later(m: Rules, w: World) -> Iterator[Edge]:
    job = m.table[w.job]
    waits = job["status"] == JobStatus.CREATED and not (w.source and "start_requested_at" in job)
    if waits and job["deadline_at"] > NOW:
        late = m.edited(w.job, deadline_at=LONG_AGO)
        yield Edge(w._replace(job=late), "a day of waiting", "free")
    due = job.get("due_at")
    if due is None or due <= NOW:
        return
    if "deleted_from" in job:
        after = m.edited(w.job, due_at=LONG_AGO)
        yield Edge(w._replace(job=after), "some seconds pass", "free")
    elif job["status"] == JobStatus.FAILED:
        after = m.edited(w.job, due_at=NOW, failed_at=LONG_AGO)
        yield Edge(w._replace(job=after), "a week passes", "free")
    elif not w.actors:
        yield Edge(w._replace(job=m.edited(w.job, due_at=NOW)), "a day passes", "free")


def _sweeps(m: Rules, w: World, setting: Setting) -> Iterator[Edge]:
    job = m.table[w.job]
    due = job.get("due_at")
    needed = JobStatus(job["status"]).open or (due is not None and due <= NOW)
    if needed and len(w.actors) <= setting.actors:
        yield Edge(_first(m, w, "sweep_read", None), "sweep", "free")


def _deaths(m: Rules, w: World) -> Iterator[Edge]:
    if not left(w, "kill"):
        return
    for actor in w.actors:
        dead = w._replace(actors=tuple(o for o in w.actors if o is not actor))
        dead = dead._replace(**used(w, "kill"))
        yield Edge(tidy(m, dead), f"kill {actor[1]} at {actor[0]}", "fault")
        if actor[2] is not None and actor[2] not in w.messages:
            kept = dead._replace(messages=sent(w, actor[2]))
            yield Edge(tidy(m, kept), f"kill {actor[1]} at {actor[0]}, message kept", "fault")


def _people(m: Rules, w: World) -> Iterator[Edge]:
    job = m.table[w.job]
    status = JobStatus(job["status"])
    if left(w, "replace") and w.source == 1:
        yield Edge(w._replace(source=2, **used(w, "replace")), "source replaced", "fault")
    if left(w, "foreign") and w.outputs[0] is None and status.open:
        outputs = replaced(w.outputs, 0, Output(0, False, "foreign"))
        strange = w._replace(outputs=outputs, **used(w, "foreign"))
        yield Edge(strange, "a stranger stores at the key", "fault")
    if left(w, "deadline") and status.open and job["deadline_at"] > NOW:
        late = m.edited(w.job, deadline_at=LONG_AGO)
        yield Edge(w._replace(job=late, **used(w, "deadline")), "a day without progress", "fault")
    if left(w, "start") and (after := m.job(w.job, "request start")):
        messages = sent(w, ("chunk",))
        yield _asked(w._replace(job=after, messages=messages), w, "start")
    if left(w, "cancel") and (after := m.job(w.job, "cancel")):
        ended, _actor = started(
            w._replace(job=after), "announce_send", None, "failed", job["round"]
        )
        yield _asked(ended, w, "cancel")
    if left(w, "retry") and status is JobStatus.FAILED:
        yield from _retries(m, w, job)
    yield from _deletions(m, w, job)


def _deletions(m: Rules, w: World, job: Any) -> Iterator[Edge]:
    if left(w, "delete") and (after := m.job(w.job, "delete")):
        yield _asked(w._replace(job=after), w, "delete")
    if left(w, "set_aside") and (after := m.job(w.job, "set aside", job["status"])):
        yield _asked(w._replace(job=after), w, "set_aside")
    if left(w, "restore") and "deleted_from" in job:
        asked = (job["deleted_from"], job["round"], job.get("announce"), job.get("failed_at"))
        yield _asked(w._replace(job=m.job(w.job, "restore", *asked)), w, "restore")


def _retries(m: Rules, w: World, job: Any) -> Iterator[Edge]:
    if job["error_kind"].startswith("source_"):
        return
    asked = ("failed", job["round"], job.get("source_etag"), job.get("chunked_at"))
    after = m.job(w.job, "retry", *asked)
    if after:
        yield _asked(w._replace(job=after, messages=sent(w, ("chunk",))), w, "retry")


def _asked(after: World, w: World, what: str) -> Edge:
    return Edge(after._replace(**used(w, what)), what, "person")
