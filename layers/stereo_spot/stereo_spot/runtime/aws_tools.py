"""What an operator does to a deployment: recover a job, work off dead letters, prove it works."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.conversion.control import find
from stereo_spot.conversion.segments import waiting_keys
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.sweep import sweep_job
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.events import ChunkRequested, SegmentsComplete
from stereo_spot.model import CHUNKING, Job, JobStatus
from stereo_spot.runtime.aws import new_client
from stereo_spot.settings.aws import AwsSettings


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what AWS or the way to it refuses into one clear line.

    Raises:
        RequestError: `unauthorized` without credentials, else `bad_request` with AWS's own words.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError as error:
        raise RequestError(
            ErrorKind.UNAUTHORIZED, "no AWS credentials are set; `aws configure` does that"
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise RequestError(ErrorKind.BAD_REQUEST, f"AWS: {error}") from error


_OF_OUTPUT = {
    "InputBucketName": "INPUT_BUCKET_NAME",
    "OutputBucketName": "OUTPUT_BUCKET_NAME",
    "JobsTableName": "JOBS_TABLE_NAME",
    "SegmentCompletionsTableName": "SEGMENT_COMPLETIONS_TABLE_NAME",
    "EventBusName": "EVENT_BUS_NAME",
    "RenderQueueArn": "RENDER_QUEUE_ARN",
    "RenderDefinitionArn": "RENDER_DEFINITION_ARN",
    "VideoWorkerQueueUrl": "VIDEO_WORKER_QUEUE_URL",
    "ReassemblyTriggeredTableName": "REASSEMBLY_TRIGGERED_TABLE_NAME",
}
_OF_CHOICE = {
    "SegmentTarget": "SEGMENT_TARGET",
    "SageMakerEndpointName": "SAGEMAKER_ENDPOINT_NAME",
    "SageMakerCalls": "SAGEMAKER_CALLS",
}
"""Outputs that only some stacks have."""


def outputs_of(stack: str, region: str) -> dict[str, str]:
    """The outputs of a deployed stack.

    Raises:
        RequestError: `not_found` when there is no such stack in the region.
    """
    from botocore.exceptions import ClientError

    client = new_client("cloudformation", settings_of({}, region))
    try:
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise RequestError(ErrorKind.NOT_FOUND, f"no stack {stack} in {region}: {error}") from error
    return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", ())}


def settings_of(outputs: Mapping[str, str], region: str) -> AwsSettings:
    """The settings that a stack's outputs name."""
    named = {alias: outputs.get(output, "") for output, alias in _OF_OUTPUT.items()}
    chosen = {alias: outputs[output] for output, alias in _OF_CHOICE.items() if output in outputs}
    return AwsSettings.model_validate({**named, **chosen, "AWS_REGION": region})


@dataclass(frozen=True)
class Recovered:
    """What a recovery did."""

    job_id: str
    before: JobStatus
    after: JobStatus
    asked_for: tuple[str, ...]
    """What was sent on its way again."""
    reason: str | None = None
    """Why the job ended, where it did."""


def recover(job_id: str, app: Services) -> Recovered:
    """Repair a job now rather than at the next sweep, and send all its open work out again.

    Only what the sweeper would do too, without its pauses; safe at any time.

    Raises:
        RequestError: `not_found`.
    """
    before = find(job_id, app)
    sweep_job(job_id, app)
    after = app.jobs.get(job_id) or before
    asked = tuple(_ask_again(after, app))
    return Recovered(job_id, before.status, after.status, asked, after.error_text)


def _ask_again(job: Job, app: Services) -> Iterator[str]:
    if job.status in (JobStatus.CREATED, JobStatus.CHUNKING_IN_PROGRESS):
        app.bus.publish(ChunkRequested(job_id=job.job_id))
        yield "chunk"
    if job.status is JobStatus.REASSEMBLING:
        app.bus.publish(SegmentsComplete(job_id=job.job_id))
        yield "reassemble"
    if job.status in CHUNKING:
        waiting = waiting_keys(job, app.ledger.rows(job.job_id), app.clock(), app)
        if waiting:
            app.renders.submit(waiting)
            yield f"{len(waiting)} segments"


@dataclass(frozen=True)
class DeadLetter:
    """A message that nobody could deliver."""

    body: Any
    received: int


def letters(queue: SqsQueue) -> list[DeadLetter]:
    """What lies in a queue of dead letters; it stays there."""
    seen = list(_once(queue))
    for message in seen:
        queue.hold(message, 0)
    return [DeadLetter(_readable(message.body), message.received) for message in seen]


def redrive(source: SqsQueue, target: SqsQueue | None) -> int:
    """Move all messages of `source` to `target`, or discard them when there is none.

    A message is removed only after it was sent on: stopped in between, it is there twice, which
    every step bears.
    """
    moved = 0
    for message in _once(source):
        if target is not None:
            target.send(message.body)
        source.done(message)
        moved += 1
    return moved


def _once(queue: SqsQueue) -> Iterator[Any]:
    """Each message once, even when a short visibility brings some of them back."""
    seen: set[str] = set()
    for message in queue.waiting():
        if message.message_id in seen:
            return
        seen.add(message.message_id)
        yield message


def _readable(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body
