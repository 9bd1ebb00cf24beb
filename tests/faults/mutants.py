"""The protocol with one mechanism removed, and the invariant that then breaks."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.faults.environment import Setting
from tests.faults.rules import Mutant


class Case(NamedTuple):
    """A mutant, where to look for its damage, and what is expected to break."""

    mutant: Mutant
    setting: Setting
    breaks: str


def faults(**budget: int) -> tuple[tuple[str, int], ...]:
    """A budget of faults."""
    return tuple(budget.items())


def _off(name: str, *mechanisms: str) -> Mutant:
    return Mutant(name, off=frozenset(mechanisms))


def _weak(name: str, change: str, *attributes: str) -> Mutant:
    return Mutant(name, weak={change: attributes})


def _forced(name: str, change: str, sets: Mapping[str, Any]) -> Mutant:
    return Mutant(name, forced={change: sets})


def _blocked(name: str, *changes: str) -> Mutant:
    return Mutant(name, blocked=frozenset(changes))


_LOSSY = Setting(actors=1, lossy=True)
_KILL = Setting(actors=1, faults=faults(kill=1))
_ZOMBIE = Setting(actors=2, faults=faults(zombie=1))
_BROKEN = Setting(actors=1, faults=faults(broken=1))
_RETRY = Setting(actors=1, faults=faults(broken=3, retry=1))
_CANCEL = Setting(actors=1, faults=faults(cancel=1, retry=1))
_DELETE = Setting(actors=1, faults=faults(delete=1))
_UNDONE = Setting(actors=1, faults=faults(set_aside=1, restore=1))
_REPLAN = Setting(actors=1, faults=faults(replan=1, kill=1))
_TWO_PLANS = Setting(sweeper=False, faults=faults(zombie=1, replan=1, duplicate=1))
_NO_SWEEPER = Setting(segments=2, sweeper=False)
_TWICE = Setting(segments=2, actors=1, faults=faults(twice=1))
_REPLACE = Setting(actors=1, faults=faults(replace=1))
_FOREIGN = Setting(actors=1, faults=faults(foreign=1))
_LOST = Setting(segments=2, actors=1, reclaims=1, faults=faults(stop=1))
_KILLED = Setting(actors=1, reclaims=1, faults=faults(kill=2))
_POISON = Setting(actors=1, poison=True)
_WAITING = Setting(actors=1, uploaded=False, faults=faults(kill=1))

CASES: tuple[Case, ...] = (
    Case(_off("no sweeper", "sweeper"), _LOSSY, "I5"),
    Case(_off("leases never run out", "lease expiry"), _KILL, "I5"),
    Case(_blocked("a lost chunk lease is kept", "claim chunk again"), _KILL, "I5"),
    Case(_blocked("a lost reassembly lease is kept", "claim reassembly again"), _KILL, "I5"),
    Case(_off("the last writer wins", "first writer wins"), _ZOMBIE, "I3"),
    Case(_off("plan committed after the segments", "plan first"), _REPLAN, "I5"),
    Case(_off("segments of two plans mix", "plan first", "plan mark"), _REPLAN, "I2"),
    Case(_weak("a plan may be replaced", "commit plan", "plan_digest"), _TWO_PLANS, "I5"),
    Case(_forced("retry forgets the plan", "retry", {"plan_digest": None}), _CANCEL, "I5"),
    Case(_off("flip insists on chunking_complete", "flip while cutting"), _NO_SWEEPER, "I5"),
    Case(_off("claim insists on chunking_complete", "claim while cutting"), _NO_SWEEPER, "I5"),
    Case(_off("early completions are dropped", "count before the plan"), _NO_SWEEPER, "I5"),
    Case(_weak("fail does not look at the round", "fail", "round"), _RETRY, "I6"),
    Case(_forced("retry does not raise the round", "retry", {"round": 1}), _RETRY, "I6"),
    Case(_blocked("old tries count in a new round", "claim segment in a new round"), _RETRY, "I5"),
    Case(_weak("fail does not look at the status", "fail", "status"), _RETRY, "I4"),
    Case(_weak("fail does not look at progress", "fail", "done_hint"), _LOST, "I6"),
    Case(_weak("fail does not look at the plan's coming", "fail", "reclaims"), _KILLED, "I6"),
    Case(_weak("flip does not look at the status", "flip", "status"), _DELETE, "I4"),
    Case(
        _weak("chunking completes in any status", "complete chunking", "status"),
        Setting(),
        "I4",
    ),
    Case(_weak("publish does not look at the status", "publish", "status"), _DELETE, "I4"),
    Case(_weak("two may publish", "publish", "status"), _ZOMBIE, "I1"),
    Case(_off("failed jobs are collected", "collect only at the end"), _CANCEL, "I6"),
    Case(_forced("collected once only", "collected", {"due_at": None}), _DELETE, "I8"),
    Case(_off("collected while it may be restored", "final before it is collected"), _UNDONE, "I6"),
    Case(_forced("restored and never due", "restore", {"due_at": None}), _UNDONE, "I8"),
    Case(_blocked("failed jobs stay for ever", "expire"), _POISON, "I5"),
    Case(_forced("publish does not ask to be told", "publish", {"announce": "done"}), _KILL, "I9"),
    Case(_forced("the bus counts as the receiver", "announced", {"announce": "done"}), _KILL, "I9"),
    Case(_forced("told, and left alone", "told", {"due_at": None}), _POISON, "I5"),
    Case(_off("verified only on adoption", "verify before the put"), _BROKEN, "I5"),
    Case(_off("film verified after the put", "verify the film before the put"), _BROKEN, "I6"),
    Case(_off("the try limit is not acted on", "act on the limit"), _POISON, "I5"),
    Case(_off("a stranger's bytes use up no try", "blame strangers"), _FOREIGN, "I5"),
    Case(_off("source not pinned", "source pin"), _REPLACE, "I2"),
    Case(_off("flip trusts the hint", "count the rows"), _TWICE, "I6"),
    Case(_off("nobody counts the rows", "count the rows", "rows are total"), _TWICE, "I2"),
    Case(
        _weak("a held segment may be claimed", "claim segment", "lease_owner"),
        Setting(segments=1, actors=2, faults=faults(duplicate=1)),
        "COST",
    ),
    Case(_blocked("no deadline", "expire deadline"), _WAITING, "I5"),
)

NOT_NEEDED: tuple[tuple[Mutant, Setting], ...] = (
    (_off("the sweeper adopts nothing", "adoption by the sweeper"), _KILL),
    (_off("the sweeper adopts nothing, messages lost", "adoption by the sweeper"), _LOSSY),
    (
        _weak("two chunkers at once", "claim chunk", "lease_owner", "lease"),
        Setting(faults=faults(duplicate=1)),
    ),
)
"""Mechanisms that save money or time only: without them everything still holds."""
