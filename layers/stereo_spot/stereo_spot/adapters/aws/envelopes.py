"""What arrives from AWS, as our events: EventBridge envelopes and the messages of queues.

Strangers may put anything on a queue or a bus: what is not ours comes out as None or is refused
by kind, and the one who reads decides; nothing here blocks the messages behind it.
"""

import json
from typing import Any
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stereo_spot.adapters.aws.bus import SOURCE
from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.events import Event, ObjectStored, SegmentsComplete, parse_event
from stereo_spot.keys import RenderedKey, SegmentKey, SourceKey, is_job_id


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Named(_Loose):
    name: str


class _Object(_Loose):
    key: str


class _Stored(_Loose):
    """The detail of `Object Created`, and the `s3` part of a classic notification."""

    bucket: _Named
    object: _Object


class Envelope(_Loose):
    """An EventBridge event."""

    id: str = ""
    source: str
    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any]


def event_of(body: Any, buckets: Buckets) -> Event | None:
    """The event in an EventBridge envelope; None for what does not concern us.

    Raises:
        RequestError: `bad_event` when it claims to be ours and cannot be read.
    """
    try:
        envelope = Envelope.model_validate(body)
        if (envelope.source, envelope.detail_type) == ("aws.s3", "Object Created"):
            return _stored(_Stored.model_validate(envelope.detail), buckets)
    except ValidationError as error:
        raise _bad(error) from error
    if envelope.source == SOURCE:
        return parse_event(json.dumps(envelope.detail))
    return None


def events_of(text: str, buckets: Buckets) -> list[Event]:
    """The events in the body of a queue's message, whoever wrote it.

    Taken are EventBridge envelopes, S3's own notifications (all records; keys are form-encoded
    there) and `{"job_id": ...}`, which asks for reassembly.

    Raises:
        RequestError: `bad_event` for anything else.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise _bad(error) from error
    match body:
        case {"Records": [*records]}:
            found = [_record(record, buckets) for record in records]
        case {"Event": "s3:TestEvent"}:
            found = []
        case {"job_id": str(job_id)} if is_job_id(job_id):
            found = [SegmentsComplete(job_id=job_id)]
        case _:
            found = [event_of(body, buckets)]
    return [event for event in found if event is not None]


def job_of_batch(body: Any) -> str | None:
    """The job whose segment a `Batch Job State Change` is about."""
    try:
        parameters = Envelope.model_validate(body).detail.get("parameters")
    except ValidationError:
        return None
    key = parameters.get("key") if isinstance(parameters, dict) else None
    parsed = SegmentKey.parse(key) if isinstance(key, str) else None
    return parsed.job_id if parsed else None


def job_of_event(event: Event) -> str | None:
    """The job an event is about; None for a key that is not ours."""
    if not isinstance(event, ObjectStored):
        return event.job_id
    for kind in (SourceKey, SegmentKey, RenderedKey):
        if (key := kind.parse(event.key)) is not None:
            return key.job_id
    return None


def _record(record: Any, buckets: Buckets) -> Event | None:
    if not isinstance(record, dict) or not str(record.get("eventName", "")).startswith(
        "ObjectCreated:"
    ):
        return None
    try:
        stored = _Stored.model_validate(record.get("s3"))
    except ValidationError as error:
        raise _bad(error) from error
    plain = stored.object.model_copy(update={"key": unquote_plus(stored.object.key)})
    return _stored(stored.model_copy(update={"object": plain}), buckets)


def _stored(stored: _Stored, buckets: Buckets) -> ObjectStored | None:
    """A stored object, unless it lies in a bucket where such keys are not ours."""
    if stored.bucket.name != buckets.of(stored.object.key):
        return None
    return ObjectStored(key=stored.object.key)


def _bad(error: Exception) -> RequestError:
    return RequestError(ErrorKind.BAD_EVENT, f"not an event that is known here: {error!s:.200}")
