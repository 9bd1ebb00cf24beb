"""The transition table as the model applies it: the product's own changes, or a mutant's.

`Rules.job` and `Rules.segment` are the only places where a row of the model changes, and they
use `stereo_spot.transitions` and its reference semantics as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stereo_spot.conversion.complete import completion_of
from stereo_spot.conversion.ending import exhausted
from stereo_spot.errors import ErrorKind
from stereo_spot.model import Job, JobStatus, Segment
from stereo_spot.ports import ObjectInfo
from stereo_spot.transitions import job as moves
from stereo_spot.transitions import segment as claims
from stereo_spot.transitions.change import Change, applied
from stereo_spot.transitions.job import Failure

from tests.faults.world import JOB_ID, LEASE, NOW, Output, RowTable

_BASE = {"job_id": JOB_ID, "mode": "sbs", "created_at": NOW, "updated_at": NOW}


@dataclass(frozen=True)
class Mutant:
    """The protocol with one mechanism removed."""

    name: str = "none"
    off: frozenset[str] = frozenset()
    """Switches that the actors look at."""
    weak: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Change name -> attributes whose conditions are dropped."""
    forced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Change name -> what it sets instead; None removes."""
    blocked: frozenset[str] = frozenset()
    """Changes that are never made."""


class IllegalMoveError(AssertionError):
    """A write moved a job between two statuses that do not follow each other."""


class Rules:
    """Applies the changes; remembers every answer, since rows are few and asked often."""

    def __init__(
        self,
        mutant: Mutant,
        *,
        segments: int = 1,
        poison: bool = False,
        reclaims: int = moves.RECLAIM_LIMIT,
    ) -> None:
        self.mutant = mutant
        self.segments = segments
        """The number of segments of the first plan."""
        self.reclaims = reclaims
        """How many workers may be lost without progress."""
        self.poison = poison
        """Whether the engine fails on segment 0 every time."""
        self.table = RowTable()
        self._job_answers: dict[tuple[Any, ...], int] = {}
        self._segment_answers: dict[tuple[Any, ...], int] = {}
        self._jobs: dict[int, Job] = {}
        self._segments: dict[tuple[int, int], Segment] = {}
        self._failures: dict[tuple[Any, ...], Failure | None] = {}

    def on(self, mechanism: str) -> bool:
        """Whether the mechanism is there."""
        return mechanism not in self.mutant.off

    def job(self, number: int, *asked: Any) -> int:
        """The row after the first change that holds, 0 when none does."""
        key = (number, asked)
        if key not in self._job_answers:
            changes = _JOB_CHANGES[asked[0]](*asked[1:])
            after = self._first(changes, self.table[number] or None)
            if asked[0] != "restore":
                self._check_move(number, after)
            self._job_answers[key] = after
        return self._job_answers[key]

    def segment(self, number: int, *asked: Any) -> int:
        """The same for a row of the ledger."""
        key = (number, asked)
        if key not in self._segment_answers:
            changes = _SEGMENT_CHANGES[asked[0]](*asked[1:])
            self._segment_answers[key] = self._first(changes, self.table[number] or None)
        return self._segment_answers[key]

    def _first(self, changes: Change | tuple[Change, ...], row: Any) -> int:
        for change in (changes,) if isinstance(changes, Change) else changes:
            after = applied(self._weakened(change), row)
            if after is not None and change.name not in self.mutant.blocked:
                return self.table.number(after | self.mutant.forced.get(change.name, {}))
        return 0

    def _weakened(self, change: Change) -> Change:
        for name in self.mutant.weak.get(change.name, ()):
            change = change.without(name)
        return change

    def _check_move(self, before: int, after: int) -> None:
        if not after:
            return
        old = JobStatus(self.table[before]["status"])
        new = JobStatus(self.table[after]["status"])
        if old is not new and not old.may_become(new):
            raise IllegalMoveError(f"{old} became {new}")

    def edited(self, number: int, **sets: Any) -> int:
        """The row with attributes set by the passing of time."""
        return self.table.number(self.table[number] | sets)

    def job_of(self, number: int) -> Job:
        """The row as the product reads it."""
        if number not in self._jobs:
            self._jobs[number] = Job.load({**_BASE, **self.table[number]})
        return self._jobs[number]

    def segment_of(self, number: int, index: int) -> Segment:
        """A ledger row as the product reads it."""
        key = (number, index)
        if key not in self._segments:
            known = {"job_id": JOB_ID, "segment_index": index}
            self._segments[key] = Segment.load({**known, **self.table[number]})
        return self._segments[key]

    def failure(self, job: int, rows: tuple[int, ...]) -> Failure | None:
        """What the product's own rule says about going on."""
        key = (job, rows)
        if key not in self._failures:
            read = [self.segment_of(row, index) for index, row in enumerate(rows) if row]
            self._failures[key] = exhausted(self.job_of(job), read, NOW)
        return self._failures[key]


def _shadow(status: str, round_: int, **more: Any) -> Job:
    """A job as an actor remembers it."""
    attributes = {**_BASE, "status": status, "deadline_at": NOW, "round": round_, **more}
    return Job.load(attributes)


def _completion(index: int, output: Output, total: int) -> Any:
    job = _shadow("chunking_complete", 1, plan_digest=output.plan, total_segments=total)
    info = ObjectInfo(
        key=f"jobs/{JOB_ID}/segments/{index}.mp4",
        size=1,
        etag=str(output.etag),
        stored_at=NOW,
        metadata={"plan_digest": output.plan, "index": str(index), "n_frames": "1"},
    )
    return completion_of(job, info)


def _retry(status: str, round_: int, source: int | None, chunked: float | None) -> Change:
    etag = None if source is None else str(source)
    return moves.retry(NOW, _shadow(status, round_, source_etag=etag, chunked_at=chunked))


def _restore(origin: str, round_: int, announce: str | None, failed_at: float | None) -> Change:
    read = _shadow("deleted", round_, deleted_from=origin, announce=announce, failed_at=failed_at)
    return moves.restore(NOW, read)


def _failed(status: str, round_: int, hint: int, reclaims: int, kind: str) -> Change:
    read = _shadow(status, round_, done_hint=hint, reclaims=reclaims)
    return moves.fail(NOW, read, Failure(ErrorKind(kind), "", None))


def _publish(etag: str) -> Change:
    return moves.publish(NOW, key="final", etag=etag, frames=1, result={})


def _refuse(status: str, round_: int, owner: str, kind: str) -> Change:
    return moves.refuse(NOW, _shadow(status, round_), owner, Failure(ErrorKind(kind), ""))


def _expire_deadline(status: str, round_: int) -> Change:
    failure = Failure(ErrorKind.NO_PROGRESS, "")
    return moves.expire_deadline(NOW, _shadow(status, round_), failure)


_JOB_CHANGES: dict[str, Callable[..., Change | tuple[Change, ...]]] = {
    "request start": lambda: moves.request_start(NOW),
    "note source": lambda etag: moves.note_source(NOW, etag=str(etag), size=1, facts={}),
    "claim chunk": lambda owner, etag: moves.claim_chunk(NOW, owner, LEASE, etag=str(etag), size=1),
    "commit plan": lambda plan, total: moves.commit_plan(NOW, digest=plan, total=total, facts={}),
    "complete chunking": lambda round_: moves.complete_chunking(
        NOW, _shadow("chunking_in_progress", round_)
    ),
    "heartbeat": lambda owner: moves.heartbeat(NOW, owner, LEASE),
    "report failure": lambda owner: moves.report_failure(NOW, owner, ""),
    "give back": lambda owner: moves.give_back(NOW, owner),
    "note done": lambda: moves.note_done(NOW, 1),
    "flip": lambda: moves.flip(NOW),
    "claim reassembly": lambda owner: moves.claim_reassembly(NOW, owner, LEASE),
    "publish": _publish,
    "fail": _failed,
    "refuse": _refuse,
    "expire deadline": _expire_deadline,
    "cancel": lambda: moves.cancel(NOW),
    "retry": _retry,
    "delete": lambda: moves.delete(NOW),
    "set aside": lambda status: moves.set_aside(NOW, _shadow(status, 1)),
    "restore": _restore,
    "seal": lambda: moves.seal(NOW),
    "expire": lambda round_: moves.expire(NOW, _shadow("failed", round_)),
    "announced": lambda status, round_: moves.announced(NOW, _shadow(status, round_)),
    "told later": lambda status, round_, collections, due: moves.told_later(
        NOW, _shadow(status, round_, collections=collections, due_at=due), NOW
    ),
    "told": lambda status, round_, collections: moves.told(
        NOW, _shadow(status, round_, collections=collections, failed_at=NOW, completed_at=NOW)
    ),
    "collected": lambda status, collections, announce: moves.collected(
        NOW, _shadow(status, 1, collections=collections, announce=announce)
    ),
}
_SEGMENT_CHANGES: dict[str, Callable[..., Change | tuple[Change, ...]]] = {
    "claim": lambda owner, index, round_, hint, total: claims.claim(
        NOW,
        owner,
        LEASE,
        job=_shadow("chunking_complete", round_, done_hint=hint, total_segments=total),
        index=index,
    ),
    "heartbeat": lambda owner: claims.heartbeat(NOW, owner, LEASE, 0),
    "give back": lambda owner: claims.give_back(owner),
    "report failure": lambda owner: claims.report_failure(owner, ErrorKind.SEGMENT_FAILED, ""),
    "done": lambda index, output, total, creates: claims.done(
        _completion(index, output, total), report={}, creates=creates
    ),
}
