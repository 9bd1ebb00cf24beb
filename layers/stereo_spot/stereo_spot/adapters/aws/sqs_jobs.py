"""The analyzer's jobs from a queue of SQS: `{"job": {"id", "video_id", "path"?}}`.

The message stays on the queue until its job is done or has failed for good; the heartbeat keeps
it invisible, and the queue's own count of deliveries is the number of attempts. A job that is
handed back is put on the queue anew, because that count cannot be lowered.
"""

import json
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stereo_spot.adapters.aws.queue import QueuedMessage, SqsQueue
from stereo_spot.adapters.aws.table import error_code
from stereo_spot.analysis.ports import Claim, Waiting
from stereo_spot.analysis.records import Name, VideoId

log = logging.getLogger(__name__)
LOST = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")
LONGEST_S = 43_200


class _Named(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Name | None = None
    video_id: VideoId
    path: Name | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    job: _Named
    attempts: int = Field(default=0, ge=0)
    """Attempts before this message."""


class SqsJobSource:
    """Takes up to `at_once` messages and works them off one by one; each ends on its own."""

    def __init__(
        self,
        client: Any,
        url: str,
        *,
        lease_s: float = 60.0,
        at_once: int = 1,
        wait_s: int = 20,
        max_attempts: int = 3,
    ) -> None:
        self._client, self._queue = client, SqsQueue(client, url, long_poll_s=wait_s)
        self._lease_s, self._at_once = max(1, int(lease_s)), at_once
        self._max_attempts = max_attempts
        self._fetched: deque[QueuedMessage] = deque()

    def claim(self) -> Claim | None:
        """The next message that names a job."""
        if not self._fetched:
            self._fetched.extend(self._queue.receive(at_once=self._at_once))
            for message in self._fetched:
                self._hold(message, self._lease_s)
        while self._fetched:
            message = self._fetched.popleft()
            claim = self._parsed(message)
            if claim is not None:
                return claim
        return None

    def extend(self, claim: Claim) -> bool:
        """Hold it, and what was fetched with it, for another lease."""
        for waiting in self._fetched:
            self._hold(waiting, self._lease_s)
        return self._hold(_message(claim), self._lease_s)

    def complete(self, claim: Claim) -> bool:
        """Take the message off the queue."""
        return self._gone(lambda: self._queue.done(_message(claim)))

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Visible again, now or later; gone when it failed for good."""
        if error is None:
            return self._put_back(claim)
        if retry_in_s is None:
            return self.complete(claim)
        return self._hold(_message(claim), min(int(retry_in_s), LONGEST_S))

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """How many wait and are held; a queue shows nothing more."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self._client.get_queue_attributes(
            QueueUrl=self._queue.url, AttributeNames=list(names)
        )
        known = answer["Attributes"]
        return {"pending": int(known[names[0]]), "processing": int(known[names[1]])}, []

    def close(self) -> None:
        """Give back what was fetched and not begun."""
        while self._fetched:
            claim = self._parsed(self._fetched.popleft())
            if claim is not None:
                self._put_back(claim)

    def _put_back(self, claim: Claim) -> bool:
        """As a new message, for which this attempt does not count."""
        if not self._hold(_message(claim), self._lease_s):
            return False
        job = {"id": claim.job_id, "video_id": claim.video_id, "path": claim.path}
        try:
            self._queue.send(json.dumps({"job": job, "attempts": claim.attempts - 1}))
        except ClientError as error:
            log.warning("an attempt counts: the message cannot be put back (%s)", error)
            return self._hold(_message(claim), 0)
        return self.complete(claim)

    def _parsed(self, message: QueuedMessage) -> Claim | None:
        try:
            body = _Body.model_validate_json(message.body)
        except ValidationError as error:
            last = message.received >= self._max_attempts
            log.error(
                "message names no job",
                extra={"body": message.body[:200], "reason": str(error)[:200], "dropped": last},
            )
            if last:
                self._gone(lambda: self._queue.done(message))
            return None
        job = body.job
        return Claim(
            job_id=job.id or job.video_id,
            video_id=job.video_id,
            attempts=body.attempts + message.received,
            token=message.receipt,
            path=job.path,
        )

    def _hold(self, message: QueuedMessage, seconds: int) -> bool:
        return self._gone(lambda: self._queue.hold(message, seconds))

    def _gone(self, act: Any) -> bool:
        """Do it; False when the message is no longer ours."""
        try:
            act()
        except ClientError as error:
            if error_code(error).rpartition(".")[2] in LOST:
                return False
            raise
        return True


def _message(claim: Claim) -> QueuedMessage:
    return QueuedMessage(body="", receipt=claim.token, received=claim.attempts)
