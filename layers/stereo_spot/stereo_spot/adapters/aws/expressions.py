"""A `Change` as the arguments of one UpdateItem; the conditions keep their meaning exactly."""

from collections.abc import Collection
from typing import Any

from stereo_spot.adapters.aws.values import Item, item_of, typed
from stereo_spot.transitions.change import (
    Absent,
    AbsentOr,
    Below,
    Change,
    Condition,
    LeaseFree,
    OneOf,
    Present,
)


class _Words:
    """The placeholders of one request: names and values are never part of the expression."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: Item = {}

    def name(self, attribute: str) -> str:
        mark = f"#{attribute}"
        self.names[mark] = attribute
        return mark

    def value(self, value: Any) -> str:
        mark = f":v{len(self.values)}"
        self.values[mark] = typed(value)
        return mark


def update_of(change: Change, key: Item) -> dict[str, Any]:
    """The arguments of UpdateItem, without the table.

    A row that the change may not create has to be there: without that condition an update of a
    missing row would make one.
    """
    words = _Words()
    conditions = [_condition(condition, words) for condition in change.when]
    if not change.creates:
        conditions.append(f"attribute_exists({words.name('job_id')})")
    request: dict[str, Any] = {
        "Key": key,
        "UpdateExpression": _update(change, words, key.keys()),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": words.names,
    }
    return request | ({"ExpressionAttributeValues": words.values} if words.values else {})


def _update(change: Change, words: _Words, key: Collection[str]) -> str:
    sets = {name: value for name, value in change.sets.items() if name not in key}
    kept = {name: value for name, value in sets.items() if value is not None}
    if "ttl" in kept:
        kept["ttl"] = int(kept["ttl"])
    clauses = {
        "SET": [f"{words.name(name)} = {words.value(value)}" for name, value in kept.items()],
        "REMOVE": [words.name(name) for name in sets if name not in kept],
        "ADD": [f"{words.name(name)} {words.value(by)}" for name, by in change.adds.items()],
    }
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _condition(condition: Condition, words: _Words) -> str:
    match condition:
        case OneOf(name, values):
            return f"{words.name(name)} IN ({', '.join(words.value(value) for value in values)})"
        case AbsentOr(name, value):
            attribute = words.name(name)
            return f"(attribute_not_exists({attribute}) OR {attribute} = {words.value(value)})"
        case Present(name):
            return f"attribute_exists({words.name(name)})"
        case Absent(name):
            return f"attribute_not_exists({words.name(name)})"
        case Below(name, limit):
            return f"{words.name(name)} < {words.value(limit)}"
        case LeaseFree(now):
            owner, until = words.name("lease_owner"), words.name("lease_until")
            return (
                f"(attribute_not_exists({owner}) OR attribute_not_exists({until})"
                f" OR {until} < {words.value(now)})"
            )


def key_of(**key: Any) -> Item:
    """A primary key in typed form."""
    return item_of(key)
