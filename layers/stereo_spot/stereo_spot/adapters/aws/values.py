"""Python values as DynamoDB's typed ones and back; numbers keep every digit."""

from collections.abc import Mapping, Sequence
from typing import Any

Item = dict[str, Any]
"""Attributes in DynamoDB's typed form: `{"n": {"N": "1"}}`."""


def typed(value: Any) -> dict[str, Any]:
    """One value in its typed form."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": repr(value)}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": item_of(value)}
        case Sequence():
            return {"L": [typed(entry) for entry in value]}
    raise TypeError(f"DynamoDB stores no {type(value).__name__}")


def plain(value: Mapping[str, Any]) -> Any:
    """The value that a typed form stands for."""
    ((kind, held),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return _number(held)
        case "M":
            return attributes_of(held)
        case "L":
            return [plain(entry) for entry in held]
        case _:
            return held


def item_of(attributes: Mapping[str, Any]) -> Item:
    """Attributes in typed form. A `ttl` is cut to whole seconds: DynamoDB expires no others."""
    whole = {name: int(value) if name == "ttl" else value for name, value in attributes.items()}
    return {name: typed(value) for name, value in whole.items()}


def attributes_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """A typed item as plain attributes."""
    return {name: plain(value) for name, value in item.items()}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)
