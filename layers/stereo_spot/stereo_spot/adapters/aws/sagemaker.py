"""A SageMaker endpoint as a `Renderer`, and its news of invocations that failed.

By default an invocation is only started: it waits in the endpoint's own queue, the endpoint stores
the result, and the stored object tells that it is done. A failure comes as a notification. With
`realtime` the call waits for the answer, which SageMaker allows 60 seconds. An endpoint that has no
room yet, or whose container still loads, is asked again: the segment is not why.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.adapters.aws.table import error_code
from stereo_spot.adapters.render_server import refusal_of
from stereo_spot.errors import ErrorKind, StepError, StereoSpotError
from stereo_spot.keys import RenderedKey
from stereo_spot.ports import ObjectInfo, Outcome

log = logging.getLogger(__name__)
INVOCATION_S, QUEUED_S = 3600, 21_600
"""The longest that SageMaker lets an invocation run, and wait."""
_REQUESTS = "sagemaker-invocation-requests/"
_JSON = "application/json"
_NOT_READY = ("ModelNotReadyException", "ServiceUnavailable", "ThrottlingException")


class SageMakerRenderer:
    """One endpoint that runs our container."""

    def __init__(
        self,
        sagemaker: Any,
        s3: Any,
        *,
        endpoint: str,
        buckets: Buckets,
        realtime: bool = False,
        patience_s: float = 200.0,
        pause_s: float = 1.0,
    ) -> None:
        """Make a client.

        Args:
            sagemaker: of the runtime.
            s3: where requests are laid down.
            endpoint: its name.
            buckets: of the deployment.
            realtime: whether calls wait for the answer.
            patience_s: how long such an endpoint may not be ready; a function has five minutes.
            pause_s: between two looks at it.
        """
        self._sagemaker, self._s3 = sagemaker, s3
        self._endpoint, self._buckets, self._realtime = endpoint, buckets, realtime
        self._patience_s, self._pause_s = patience_s, pause_s
        self._stopped = threading.Event()

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
            return self._waited_for(body)
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
        """Give up waiting for room; a result that nobody wants any more is collected."""
        self._stopped.set()

    def _waited_for(self, body: bytes) -> Outcome:
        self._stopped.clear()
        impatient = time.monotonic() + self._patience_s
        while not self._stopped.is_set():
            if self._answered(body):
                return Outcome.STORED
            if time.monotonic() > impatient:
                text = f"the endpoint {self._endpoint} was not ready for {self._patience_s:.0f} s"
                raise StepError(ErrorKind.SEGMENT_FAILED, text)
            self._stopped.wait(self._pause_s)
        return Outcome.STOPPED

    def _answered(self, body: bytes) -> bool:
        """Whether the result is stored; False where the endpoint is not ready."""
        try:
            self._sagemaker.invoke_endpoint(
                EndpointName=self._endpoint, ContentType=_JSON, Accept=_JSON, Body=body
            )["Body"].read()
        except ClientError as error:
            code, told = error_code(error), error.response
            if code in _NOT_READY or told.get("OriginalStatusCode") == 503:
                log.info("the endpoint %s is not ready: %s", self._endpoint, code)
                return False
            if code != "ModelError":
                raise
            reason = str(told.get("OriginalMessage", error))
            raise refusal_of(reason, f"the endpoint {self._endpoint} failed") from error
        return True


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
