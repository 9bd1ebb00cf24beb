"""What the Lambda functions share: reading their event, and performing the step it wakes."""

import logging
from contextlib import ExitStack
from typing import Any

from stereo_spot.adapters.aws.envelopes import event_of, job_of_event
from stereo_spot.errors import RequestError, SourceError
from stereo_spot.events import Event, ObjectStored
from stereo_spot.flow import perform, step_of
from stereo_spot.keys import SegmentKey
from stereo_spot.media.starting import one_ready
from stereo_spot.runtime.aws import aws_settings, buckets_of, services

log = logging.getLogger(__name__)
reader_kept = ExitStack()
"""Open for as long as the function lives."""


def keep_reader_ready() -> None:
    """Start the process that reads films along with the function, not with an event's film."""
    reader_kept.enter_context(one_ready())


def read(envelope: dict[str, Any], *steps: str) -> tuple[Event | None, str | None]:
    """The event in an envelope and its job, where it wakes one of `steps`.

    What does not concern the function, or cannot be read, is logged once and comes out as None:
    another delivery would be no better.
    """
    try:
        event = event_of(envelope, buckets_of(aws_settings()))
    except RequestError as error:
        log.warning("event refused", extra={"kind": error.kind, "reason": error.message})
        return None, None
    job_id = job_of_event(event) if event is not None and step_of(event) in steps else None
    if job_id is None:
        log.info("event passed over", extra={"event_id": str(envelope.get("id"))[:64]})
        return None, None
    return event, job_id


def run_step(event: Event) -> bool:
    """Perform the step that `event` wakes; False when the film was refused.

    A refused film is on the job's row already, and another try would refuse it again; any other
    error goes on to Lambda, which tries again.
    """
    try:
        if isinstance(event, ObjectStored) and (key := SegmentKey.parse(event.key)) is not None:
            services().renders.submit([key])  # no engine here: hand it on
        else:
            perform(event, services())
    except SourceError as error:
        log.warning("film refused", extra={"kind": error.kind, "reason": error.message})
        return False
    return True
