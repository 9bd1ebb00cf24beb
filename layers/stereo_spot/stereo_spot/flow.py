"""The whole conversion in one table: which event wakes which step.

The local bus runs from it, and the rules of `template.yaml` are tested against it.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from stereo_spot.conversion.chunk import chunk
from stereo_spot.conversion.complete import complete
from stereo_spot.conversion.reassemble import reassemble
from stereo_spot.conversion.render import render
from stereo_spot.conversion.services import Services
from stereo_spot.events import ChunkRequested, Event, ObjectStored, SegmentsComplete
from stereo_spot.keys import RenderedKey, SegmentKey, SourceKey
from stereo_spot.ports import Renderer


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


def perform(event: Event, app: Services, renderer: Renderer | None = None) -> None:
    """Run the step that `event` wakes, in this process.

    `renderer` is needed for segments only. Events that wake nothing, and keys that are not ours,
    are passed over: strangers may store objects too.
    """
    match step_of(event), event:
        case "chunk", ObjectStored(key=key) if (source := SourceKey.parse(key)) is not None:
            chunk(source.job_id, app)
        case "chunk", ChunkRequested(job_id=job_id):
            chunk(job_id, app)
        case "render", ObjectStored(key=key) if (segment := SegmentKey.parse(key)) is not None:
            if renderer is None:
                raise TypeError("rendering needs a renderer")
            render(segment, app, renderer)
        case "complete", ObjectStored(key=key) if (done := RenderedKey.parse(key)) is not None:
            complete(done, app)
        case "reassemble", SegmentsComplete(job_id=job_id):
            reassemble(job_id, app)
