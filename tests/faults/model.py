"""The protocol, explored: every state that one job can reach under a budget of faults.

`explore` visits each state once, checks the invariants in it, and then asks of all of them
whether the goals can still be reached without any further fault. Row writes are the product's
own changes (`rules.py`); the steps are mirrored call by call (`steps_*.py`).
"""

import gc
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from stereo_spot.conversion import ending
from stereo_spot.transitions import segment, walk

from tests.faults.actors import left
from tests.faults.environment import Setting, edges, start_of
from tests.faults.invariants import (
    INVARIANTS,
    can_still_complete,
    completed,
    ended,
    settled,
)
from tests.faults.rules import IllegalMoveError, Mutant, Rules
from tests.faults.world import World


class Finding(NamedTuple):
    """A broken invariant and the way to it."""

    invariant: str
    trace: tuple[str, ...]
    detail: str


class Outcome(NamedTuple):
    """What an exploration found."""

    states: int
    finding: Finding | None


class _Space:
    """The visited states, who leads where, and where each was first reached from."""

    def __init__(self, first: World) -> None:
        self.numbers: dict[World, int] = {first: 0}
        self.worlds: list[World] = [first]
        self.parents: list[tuple[int, str]] = [(0, "start")]
        self.free: list[array[int]] = [array("l")]
        self.asked: list[array[int]] = [array("l")]

    def add(self, source: int, world: World, label: str, kind: str) -> None:
        number = self.numbers.get(world)
        if number is None:
            number = self.numbers[world] = len(self.worlds)
            self.worlds.append(world)
            self.parents.append((source, label))
            self.free.append(array("l"))
            self.asked.append(array("l"))
        if kind == "free":
            self.free[number].append(source)
        elif label == "retry":
            self.asked[number].append(source)

    def trace(self, number: int) -> tuple[str, ...]:
        labels = []
        while number:
            number, label = self.parents[number]
            labels.append(label)
        return tuple(reversed(labels))

    def reaching(self, goals: list[int], *, asked: bool) -> bytearray:
        """Marks the states from which a goal can be reached, backwards from the goals."""
        marks = bytearray(len(self.worlds))
        stack = list(goals)
        for goal in goals:
            marks[goal] = 1
        while stack:
            number = stack.pop()
            before = self.free[number] + (self.asked[number] if asked else array("l"))
            for source in before:
                if not marks[source]:
                    marks[source] = 1
                    stack.append(source)
        return marks


def explore(setting: Setting, mutant: Mutant | None = None, *, limit: int = 2_000_000) -> Outcome:
    """Visit every state; stops at the first broken invariant."""
    gc.disable()  # a million small tuples without a cycle among them
    try:
        with _reclaim_limit(setting.reclaims):
            return _explored(setting, mutant or Mutant(), limit)
    finally:
        gc.enable()


@contextmanager
def _reclaim_limit(limit: int) -> Iterator[None]:
    """The product under another limit: its own is beyond what can be explored."""
    before = {module: module.RECLAIM_LIMIT for module in (walk, segment, ending)}
    try:
        for module in before:
            module.RECLAIM_LIMIT = limit
        yield
    finally:
        for module, own in before.items():
            module.RECLAIM_LIMIT = own


def _explored(setting: Setting, mutant: Mutant, limit: int) -> Outcome:
    rules = Rules(
        mutant,
        segments=setting.segments,
        poison=setting.poison,
        reclaims=setting.reclaims,
    )
    space = _Space(start_of(rules, setting))
    number = 0
    while number < len(space.worlds):
        world = space.worlds[number]
        broken = _broken_in(rules, world)
        if broken:
            return Outcome(len(space.worlds), _found(space, number, broken, rules))
        try:
            for edge in edges(rules, world, setting):
                space.add(number, edge.world, edge.label, edge.kind)
        except IllegalMoveError as error:
            return Outcome(len(space.worlds), Finding("I4", space.trace(number), str(error)))
        number += 1
        if number > limit:
            raise AssertionError(f"more than {limit} states")
    return Outcome(len(space.worlds), _stuck(space, rules, setting))


def _broken_in(rules: Rules, world: World) -> str | None:
    return next((name for name, holds in INVARIANTS.items() if not holds(rules, world)), None)


def _found(space: _Space, number: int, invariant: str, rules: Rules) -> Finding:
    world = space.worlds[number]
    detail = f"{rules.table[world.job]} {[rules.table[row] for row in world.rows]} {world}"
    return Finding(invariant, space.trace(number), detail)


def _stuck(space: _Space, rules: Rules, setting: Setting) -> Finding | None:
    """The first state from which an end, or the film of a good job, is out of reach."""
    goal = settled if setting.sweeper else ended
    finding = _unreached(space, rules, "I5", lambda w: goal(rules, w), lambda _w: True, asked=False)
    if finding or not setting.sweeper:
        return finding
    return _unreached(
        space,
        rules,
        "I6",
        lambda w: completed(rules, w),
        lambda w: can_still_complete(rules, w, left(w, "retry")),
        asked=True,
    )


def _unreached(
    space: _Space,
    rules: Rules,
    invariant: str,
    goal: Callable[[World], bool],
    owed: Callable[[World], bool],
    *,
    asked: bool,
) -> Finding | None:
    goals = [number for number, world in enumerate(space.worlds) if goal(world)]
    marks = space.reaching(goals, asked=asked)
    for number, world in enumerate(space.worlds):
        if not marks[number] and owed(world):
            return _found(space, number, invariant, rules)
    return None
