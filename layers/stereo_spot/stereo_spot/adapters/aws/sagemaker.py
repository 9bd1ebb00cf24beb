"""A SageMaker endpoint as a `Renderer`, and its news of invocations that failed.

By default an invocation is only started: it waits in the endpoint's own queue, the endpoint stores
the result, and the stored object tells that it is done. A failure comes as a notification. With
`realtime` the call waits for the answer, which SageMaker allows 60 seconds.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.adapters.aws.table import error_code
from stereo_spot.adapters.render_server import refusal_of
from stereo_spot.errors import StereoSpotError
from stereo_spot.keys import RenderedKey
from stereo_spot.ports import ObjectInfo, Outcome

INVOCATION_S, QUEUED_S = 3600, 21_600
"""The longest that SageMaker lets an invocation run, and wait."""
_REQUESTS = "sagemaker-invocation-requests/"
_JSON = "application/json"


class SageMakerRenderer:
    """One endpoint that runs our container."""

    def __init__(
        self, sagemaker: Any, s3: Any, *, endpoint: str, buckets: Buckets, realtime: bool = False
    ) -> None:
        self._sagemaker, self._s3 = sagemaker, s3
        self._endpoint, self._buckets, self._realtime = endpoint, buckets, realtime

    @property
    def lease_s(self) -> float | None:
        """As long as an invocation may take, its waiting included."""
        return None if self._realtime else float(QUEUED_S + INVOCATION_S)

    def make(
        self, info: ObjectInfo, target: RenderedKey, *, run: str, progress: Callable[[int], None]
    ) -> Outcome:
        """Start an invocation, or make one and wait for it."""
        request = {
            "s3_input_uri": f"s3://{self._buckets.of(info.key)}/{info.key}",
            "s3_output_uri": f"s3://{self._buckets.output}/{target}",
        }
        body = json.dumps(request).encode()
        if self._realtime:
            self._wait_for(body)
            return Outcome.STORED
        place = {"Bucket": self._buckets.output, "Key": _request_key(target)}
        self._s3.put_object(**place, Body=body)  # the same each time: it may be written again
        self._sagemaker.invoke_endpoint_async(
            EndpointName=self._endpoint,
            InputLocation=f"s3://{place['Bucket']}/{place['Key']}",
            ContentType=_JSON,
            InferenceId=run,
            RequestTTLSeconds=QUEUED_S,
            InvocationTimeoutSeconds=INVOCATION_S,
        )
        return Outcome.STARTED

    def stop(self) -> None:
        """Nothing here waits; a result that nobody wants any more is collected."""

    def _wait_for(self, body: bytes) -> None:
        try:
            self._sagemaker.invoke_endpoint(
                EndpointName=self._endpoint, ContentType=_JSON, Accept=_JSON, Body=body
            )["Body"].read()
        except ClientError as error:
            if error_code(error) != "ModelError":
                raise
            told = str(error.response.get("OriginalMessage", error))
            raise refusal_of(told, f"the endpoint {self._endpoint} failed") from error


@dataclass(frozen=True)
class FailedInvocation:
    """An invocation that ended without a result."""

    target: RenderedKey
    run: str
    error: StereoSpotError


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoint: str = Field(default="", alias="endpointName")
    place: str = Field(alias="inputLocation")


class _News(BaseModel):
    """What SageMaker publishes to the error topic of an async endpoint."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: str = Field(alias="invocationStatus")
    run: str = Field(alias="inferenceId")
    request: _Request = Field(alias="requestParameters")
    reason: str = Field(default="no reason given", alias="failureReason")


def failed_invocation(body: Any) -> FailedInvocation | None:
    """Read SageMaker's news of a failed invocation, also as SNS wraps it; None for all else."""
    if isinstance(body, dict) and body.get("Type") == "Notification":
        try:
            body = json.loads(body["Message"])
        except (KeyError, TypeError, ValueError):
            return None
    try:
        news = _News.model_validate(body)
    except ValidationError:
        return None
    target = _target_of(news.request.place)
    if target is None or news.status == "Completed":
        return None
    error = refusal_of(news.reason, f"the endpoint {news.request.endpoint} failed")
    return FailedInvocation(target, news.run, error)


def _request_key(target: RenderedKey) -> str:
    return f"{_REQUESTS}{target.job_id}/{target.index}.json"


def _target_of(place: str) -> RenderedKey | None:
    """The segment whose request lies at `s3://bucket/sagemaker-invocation-requests/...`."""
    job_id, _, file = place.rpartition(_REQUESTS)[2].partition("/")
    return RenderedKey.parse(f"jobs/{job_id}/segments/{file.removesuffix('.json')}.mp4")
