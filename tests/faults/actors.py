"""What a step of the model is: an actor that makes one call after the other.

A step function sees the world at one instant and returns the worlds that may follow. Between two
of them anything may happen, death included.
"""

from collections.abc import Callable
from typing import Any

from tests.faults.rules import Rules
from tests.faults.world import Actor, World, replaced

Next = list[World]
Step = Callable[[Rules, World, Actor], Next]
NOBODY = "-"
"""The token of an actor that holds no lease: which of several it is makes no difference."""
_COMPLETING = frozenset({"complete_read", "complete_done"})
_PAST_THE_LEASE = frozenset(
    {"complete_note", "complete_count", "complete_flip", "complete_send", "collect", "collect_note"}
    | {"seal"}
    | {"spent_read", "spent_rows", "fail", "expire_deadline", "announce_send", "announce_note"}
    | {"sweep_read", "sweep_rows", "tell_send", "tell_note"}
)
FAULTS = (
    "kill",
    "zombie",
    "drop",
    "duplicate",
    "broken",
    "stop",
    "replace",
    "replan",
    "foreign",
    "twice",
    "deadline",
    "cancel",
    "retry",
    "delete",
    "set_aside",
    "restore",
    "start",
)


def go(w: World, actor: Actor, name: str, *memory: Any, **changes: Any) -> World:
    """The actor goes on with `name`."""
    token, message = actor[1:3]
    if name in _PAST_THE_LEASE or (name in _COMPLETING and memory[1]):
        token = NOBODY
    if name in _PAST_THE_LEASE:
        message = None
    elif name in _COMPLETING:
        message = ("complete", memory[0])
    others = [other for other in w.actors if other is not actor]
    return joined(w, others, (name, token, message, *memory), **changes)


def joined(w: World, others: Any, actor: Actor, **changes: Any) -> World:
    """The world with these actors, in an order that does not tell who came first."""
    actors = tuple(sorted((*others, actor), key=lambda a: (a[1], a[0], hash(a))))
    return w._replace(actors=actors, **changes)


def known(w: World, actor: Actor, token: str) -> tuple[World, Actor]:
    """The actor under the token of the lease that it has just got."""
    named = (actor[0], token, *actor[2:])
    return w._replace(actors=tuple(named if o is actor else o for o in w.actors)), named


def token_of(m: Rules, w: World, role: str) -> str:
    """A lease token that no living actor has."""
    taken = {actor[1] for actor in w.actors}
    return next(token for n in range(99) if (token := f"{role}{n}") not in taken)


def stop(w: World, actor: Actor, **changes: Any) -> World:
    """The actor has finished."""
    return w._replace(actors=tuple(o for o in w.actors if o is not actor), **changes)


def left(w: World, fault: str) -> int:
    """How often the fault may still happen."""
    return w.budget[FAULTS.index(fault)]


def used(w: World, fault: str) -> dict[str, Any]:
    """The changes that use up one fault."""
    place = FAULTS.index(fault)
    ghost = w.ghost._replace(spent=tuple(sorted((*w.ghost.spent, fault))))
    return {"budget": replaced(w.budget, place, w.budget[place] - 1), "ghost": ghost}


def sent(w: World, *messages: Any) -> Any:
    """The messages with these added."""
    return w.messages | frozenset(messages)


def done_rows(m: Rules, w: World) -> int:
    """How many rows are done, counted consistently."""
    return sum("completed_at" in m.table[row] for row in w.rows if row)
