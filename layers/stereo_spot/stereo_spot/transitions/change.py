"""A conditional write as a value: what must hold of the row, and what it then becomes.

The conditions are those that a DynamoDB ConditionExpression can say, with its meaning: a
comparison with a missing attribute is false. `applied` is their reference in Python.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Any]
OwnerIsDead = Callable[[str], bool]


@dataclass(frozen=True)
class OneOf:
    """The attribute has one of these values."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class AbsentOr:
    """The attribute is missing or has this value."""

    name: str
    value: Any


@dataclass(frozen=True)
class Present:
    """The attribute is there."""

    name: str


@dataclass(frozen=True)
class Absent:
    """The attribute is not there."""

    name: str


@dataclass(frozen=True)
class Below:
    """The attribute is there and smaller than this."""

    name: str
    limit: float


@dataclass(frozen=True)
class LeaseFree:
    """Nobody holds the row: no lease, one that ran out, or one whose owner is known dead."""

    now: float


Condition = OneOf | AbsentOr | Present | Absent | Below | LeaseFree


def is_(name: str, value: Any) -> OneOf:
    """The attribute has this value."""
    return OneOf(name, (value,))


@dataclass(frozen=True)
class Change:
    """One conditional write. A value of None in `sets` removes the attribute."""

    name: str
    when: tuple[Condition, ...]
    sets: Mapping[str, Any] = field(default_factory=dict)
    adds: Mapping[str, int] = field(default_factory=dict)
    creates: bool = False
    """Whether the row may be missing; it then starts from `sets` and `adds` alone."""

    def without(self, name: str) -> "Change":
        """This change with every condition on `name` removed; the model's mutants use it."""
        kept = tuple(c for c in self.when if getattr(c, "name", "lease") != name)
        return Change(self.name, kept, self.sets, self.adds, self.creates)


def _never_dead(_owner: str) -> bool:
    return False


def _lease_free(row: Attributes, now: float, owner_is_dead: OwnerIsDead) -> bool:
    owner = row.get("lease_owner")
    if owner is None or row.get("lease_until") is None:
        return True
    return bool(row["lease_until"] < now) or owner_is_dead(owner)


def _holds(row: Attributes, condition: Condition, owner_is_dead: OwnerIsDead) -> bool:
    match condition:
        case OneOf(name, values):
            return row.get(name) is not None and row[name] in values
        case AbsentOr(name, value):
            return row.get(name) is None or row[name] == value
        case Present(name):
            return row.get(name) is not None
        case Absent(name):
            return row.get(name) is None
        case Below(name, limit):
            return row.get(name) is not None and bool(row[name] < limit)
        case LeaseFree(now):
            return _lease_free(row, now, owner_is_dead)


def applied(
    change: Change, row: Attributes | None, owner_is_dead: OwnerIsDead = _never_dead
) -> dict[str, Any] | None:
    """The row after the change, or None when a condition does not hold."""
    if row is None and not change.creates:
        return None
    before = dict(row or {})
    if not all(_holds(before, condition, owner_is_dead) for condition in change.when):
        return None
    after = before | dict(change.sets)
    for name, amount in change.adds.items():
        after[name] = before.get(name, 0) + amount
    return {name: value for name, value in after.items() if value is not None}
