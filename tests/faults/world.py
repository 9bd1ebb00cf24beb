"""One state of the explored world: a job, its rows, its objects, messages, actors, faults left.

Rows are kept as numbers into a table, so that a state is small and quick to compare. Time is
symbolic: `NOW` never moves; a lease is held (`lease_until` in the future) or it ran out (0), a
deadline lies ahead or it passed (0), and what is due later becomes due by an action.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

NOW = 1e6
LEASE = 10.0
LONG_AGO = 0.0
JOB_ID = "00000000-0000-4000-8000-000000000000"

Attributes = Mapping[str, Any]
Message = tuple[Any, ...]
Actor = tuple[Any, ...]
"""(next action, owner token, message it was woken by, *what it remembers)"""

_UNSEEN = frozenset(
    {"created_at", "updated_at", "uploaded_at", "deleted_at", "ttl", "dispatch_at", "dispatches"}
    | {"facts", "source_file_size_bytes", "options", "title", "owner", "mode", "frames", "runs"}
    | {"frames_done", "report", "result", "output_s3_uri", "error_text", "segment_index"}
)
"""Attributes on which no decision of the protocol rests; left out to keep the space small."""


class Output(NamedTuple):
    """A rendered segment in the store."""

    etag: int
    good: bool
    plan: str


class Film(NamedTuple):
    """A final object: the parts it was joined from and the source version of its sound."""

    parts: tuple[Output, ...]
    sound: int
    good: bool


class Ghost(NamedTuple):
    """What happened so far, seen by the invariants and by no actor."""

    publishes: int = 0
    runs: tuple[int, ...] = (0, 0)
    told: frozenset[tuple[Any, ...]] = frozenset()
    """(round, status) of what the bus was told; with `receiver` what that was told."""
    spent: tuple[str, ...] = ()
    """Faults used so far, sorted."""


class World(NamedTuple):
    """A state; `job` and `rows` are numbers into the table of rows, 0 is no row."""

    job: int
    rows: tuple[int, ...]
    source: int
    cut: frozenset[tuple[int, int, str]]
    outputs: tuple[Output | None, ...]
    film: Film | None
    messages: frozenset[Message]
    actors: tuple[Actor, ...]
    budget: tuple[int, ...]
    ghost: Ghost


class RowTable:
    """Numbers for rows; the same attributes have the same number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._rows: list[dict[str, Any]] = [{}]

    def number(self, attributes: Attributes) -> int:
        """The number of a row."""
        seen = {
            name: attributes[name]
            for name in sorted(attributes)
            if name not in _UNSEEN and attributes[name] is not None
        }
        key = tuple(seen.items())
        if key not in self._numbers:
            self._numbers[key] = len(self._rows)
            self._rows.append(seen)
        return self._numbers[key]

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._rows[number]


def replaced(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    """A tuple with one value changed."""
    return (*values[:index], value, *values[index + 1 :])
