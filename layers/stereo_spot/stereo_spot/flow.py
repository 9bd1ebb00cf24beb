"""The whole conversion in one table: which event wakes which step.

The local bus runs from it, and the rules of `template.yaml` are tested against it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from stereo_spot.events import ChunkRequested, Event, ObjectStored, SegmentsComplete


@dataclass(frozen=True)
class Rule:
    """An event and the step it wakes; `keys` is a pattern where the event is a stored object."""

    name: str
    event: type[Event]
    step: str
    keys: str | None = None

    def matches(self, event: Event) -> bool:
        """Whether the rule sends this event to its step."""
        if not isinstance(event, self.event):
            return False
        return self.keys is None or (
            isinstance(event, ObjectStored) and fnmatchcase(event.key, self.keys)
        )


FLOW: tuple[Rule, ...] = (
    Rule("SourceStoredRule", ObjectStored, "chunk", "input/*"),
    Rule("ChunkRequestedRule", ChunkRequested, "chunk"),
    Rule("SegmentStoredRule", ObjectStored, "render", "segments/*"),
    Rule("SegmentRenderedRule", ObjectStored, "complete", "jobs/*/segments/*"),
    Rule("SegmentsCompleteRule", SegmentsComplete, "reassemble"),
)
STEPS = tuple(dict.fromkeys(rule.step for rule in FLOW))


def step_of(event: Event) -> str | None:
    """The step that an event wakes; None for events that only tell the world."""
    return next((rule.step for rule in FLOW if rule.matches(event)), None)


StepFunction = Callable[[Event], None]
