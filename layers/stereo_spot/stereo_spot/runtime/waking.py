"""What wakes the trigger besides a rendered segment: the clock, Batch, and dead letters."""

import json
import logging
from typing import Any

from stereo_spot.adapters.aws.envelopes import event_of, job_of_batch, job_of_event
from stereo_spot.adapters.aws.sagemaker import FailedInvocation, failed_invocation
from stereo_spot.conversion.ending import failure_of
from stereo_spot.conversion.render import note_failure
from stereo_spot.conversion.segments import stored_keys
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.sweep import sweep, sweep_job
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import CHUNKING, JobStatus
from stereo_spot.runtime.aws import aws_settings, buckets_of
from stereo_spot.runtime.aws_receiver import cloud_receiver

log = logging.getLogger(__name__)
_SCHEDULE = ("aws.events", "Scheduled Event")
_BATCH = ("aws.batch", "Batch Job State Change")


def wake(envelope: dict[str, Any], app: Services) -> dict[str, int] | None:
    """Sweep for a tick of the clock, look at one job for a failed Batch job.

    Returns figures worth keeping; None for an event that is neither.
    """
    kind = envelope.get("source"), envelope.get("detail-type")
    if kind == _SCHEDULE:
        sweep(app, cloud_receiver(aws_settings()))
        return open_jobs(app)
    if kind == _BATCH:
        if (job_id := job_of_batch(envelope)) is not None:
            sweep_job(job_id, app)
        return {"RenderJobsFailed": 1}
    return None


def open_jobs(app: Services) -> dict[str, int]:
    """How many jobs are at work, and how many of them have not moved for half their day."""
    late = app.clock() + 12 * 3600.0
    jobs = app.jobs.page((*CHUNKING, JobStatus.REASSEMBLING), limit=1000).jobs
    return {"OpenJobs": len(jobs), "StuckJobs": sum(job.deadline_at < late for job in jobs)}


def look_at_dead_letter(body: str, app: Services) -> str | None:
    """Check the job that an undeliverable event was about; its id, None when there is none.

    The body is the event itself (EventBridge gave up on its target), or wraps it as
    `requestPayload` (Lambda gave up on the function), or is SageMaker's news of a failure.
    """
    envelope = _unwrapped(body)
    if (failed := failed_invocation(envelope)) is not None:
        return _look_at_failure(failed, app)
    job_id = job_of_batch(envelope)
    try:
        event = event_of(envelope, buckets_of(aws_settings()))
    except RequestError as error:
        log.warning("dead letter refused", extra={"kind": error.kind, "reason": error.message})
        return None
    if event is not None:
        job_id = job_of_event(event)
    if job_id is not None:
        log.warning("dead letter", extra={"job_id": job_id})
        sweep_job(job_id, app)
    return job_id


def _look_at_failure(failed: FailedInvocation, app: Services) -> str:
    """Write down that an endpoint failed, and start the segment again while a try is left."""
    job_id, index = failed.target.job_id, failed.target.index
    log.warning("invocation failed", extra={"job_id": job_id, "segment": index})
    if note_failure(
        failed.target, failed.run, failure_of(failed.error, ErrorKind.SEGMENT_FAILED), app
    ):
        job = app.jobs.get(job_id)
        if job is not None and job.status in CHUNKING:
            app.renders.submit([key for key in stored_keys(job, app) if key.index == index])
    return job_id


def _unwrapped(body: str) -> Any:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if isinstance(found, dict) and "requestPayload" in found:
        return found["requestPayload"]
    return found
