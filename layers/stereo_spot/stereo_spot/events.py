"""What is announced between the steps; each a fact in the past tense or a request.

Any of them may be lost, doubled, late or out of order: the rows are the truth.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Frozen, JobId


class ObjectStored(Frozen):
    """An object appeared in the store; on AWS this is S3's own `Object Created`."""

    kind: Literal["ObjectStored"] = "ObjectStored"
    key: str


class ChunkRequested(Frozen):
    """A job should be looked at by the chunk step: it was started, retried or left behind."""

    kind: Literal["ChunkRequested"] = "ChunkRequested"
    job_id: JobId


class SegmentsComplete(Frozen):
    """Every segment of a job is rendered."""

    kind: Literal["SegmentsComplete"] = "SegmentsComplete"
    job_id: JobId


class JobCompleted(Frozen):
    """The finished film is published."""

    kind: Literal["JobCompleted"] = "JobCompleted"
    job_id: JobId
    round: int
    output_key: str


class JobFailed(Frozen):
    """The job ended without a film."""

    kind: Literal["JobFailed"] = "JobFailed"
    job_id: JobId
    round: int
    error_kind: str
    error_text: str
    error_segment: int | None = None


Event = Annotated[
    ObjectStored | ChunkRequested | SegmentsComplete | JobCompleted | JobFailed,
    Field(discriminator="kind"),
]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(text: str | bytes) -> Event:
    """Read an event from JSON.

    Raises:
        RequestError: `bad_event` when it is none of ours.
    """
    try:
        return _EVENT.validate_json(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RequestError(ErrorKind.BAD_EVENT, f"not one of our events: {reason}") from error
