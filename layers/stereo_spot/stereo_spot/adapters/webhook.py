"""Jobs that are pushed: signed by the Standard Webhooks rules, stored before they are answered."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.analysis.ports import Claim, Waiting
from stereo_spot.analysis.records import Name, VideoId
from stereo_spot.analysis.serving import Answer, Asked, JsonServer, problem
from stereo_spot.errors import ErrorKind, RequestError

PREFIX = "whsec_"


class WebhookJob(BaseModel):
    """What is posted to `/webhook/job`."""

    model_config = ConfigDict(extra="ignore")

    id: Name = Field(min_length=1, max_length=200)
    video_id: VideoId
    metadata: dict[str, Any] = Field(default_factory=dict)
    """`path`: where the film lies, for a video that is not known yet."""
    created_at: str | float | None = None


class WebhookJobSource:
    """Listens for jobs and hands them out from an inbox that survives this process."""

    def __init__(
        self, inbox: SqliteJobSource, *, secret: str, host: str = "127.0.0.1", port: int = 8080
    ) -> None:
        self._inbox = inbox
        self._webhook = _webhook(secret)
        self._server = JsonServer(
            host,
            port,
            {("POST", "/webhook/job"): self._receive, ("GET", "/webhook/health"): self._health},
        )
        self.port = self._server.port

    def claim(self) -> Claim | None:
        """The oldest job that is due."""
        return self._inbox.claim()

    def extend(self, claim: Claim) -> bool:
        """Hold it for another lease."""
        return self._inbox.extend(claim)

    def complete(self, claim: Claim) -> bool:
        """It is done."""
        return self._inbox.complete(claim)

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Due again, or failed for good."""
        return self._inbox.give_back(claim, error=error, retry_in_s=retry_in_s)

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """Jobs by status, and the next ones to come."""
        return self._inbox.peek(limit)

    def close(self) -> None:
        """Stop listening; what was received stays."""
        self._server.close()

    def _receive(self, asked: Asked) -> Answer:
        try:
            self._webhook.verify(asked.body, dict(asked.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return problem(401, "the signature or its time does not hold")
        try:
            job = WebhookJob.model_validate_json(asked.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            return problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        path = job.metadata.get("path")
        if path is not None and (not isinstance(path, str) or "\0" in path):
            return problem(422, "metadata.path: must be text")
        self._inbox.add(job.id, job.video_id, path=path, delivery=asked.headers["webhook-id"])
        return Answer(202, {"status": "received", "job_id": job.id})

    def _health(self, asked: Asked) -> Answer:
        counts, _ = self._inbox.peek(1)
        return Answer(200, {"status": "ok", "jobs": dict(counts)})


def _webhook(secret: str) -> Webhook:
    """`whsec_` secrets are base64 as the standard has it; any other text is taken as it is."""
    if not secret:
        raise RequestError(ErrorKind.BAD_REQUEST, "WEBHOOK_SECRET must be set for webhooks")
    if not secret.startswith(PREFIX):
        return Webhook(secret.encode())
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX).strip(), validate=True)
    except ValueError:
        key = b""
    if not key:
        said = f"WEBHOOK_SECRET begins with {PREFIX} and is no base64 after that"
        raise RequestError(ErrorKind.BAD_REQUEST, said)
    return Webhook(key)
