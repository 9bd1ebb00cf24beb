"""Settings on AWS, read without the library of the others: its import would slow every start."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from stereo_spot.settings.render_server import RenderServerAddress


def traces_calls() -> bool:
    """Whether X-Ray records each call that a Lambda function makes."""
    return os.environ.get("TRACE_CALLS", "false") == "true"


class AwsSettings(BaseModel):
    """Settings of one process of an AWS deployment; the template sets the names in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    input_bucket: str = Field(validation_alias="INPUT_BUCKET_NAME")
    output_bucket: str = Field(validation_alias="OUTPUT_BUCKET_NAME")
    jobs_table: str = Field(validation_alias="JOBS_TABLE_NAME")
    segments_table: str = Field(validation_alias="SEGMENT_COMPLETIONS_TABLE_NAME")
    reassembly_triggered_table: str = Field(
        default="", validation_alias="REASSEMBLY_TRIGGERED_TABLE_NAME"
    )
    event_bus: str = Field(default="default", validation_alias="EVENT_BUS_NAME")
    render_queue: str = Field(default="", validation_alias="RENDER_QUEUE_ARN")
    render_definition: str = Field(default="", validation_alias="RENDER_DEFINITION_ARN")
    segment_target: Literal["batch", "queue", "sagemaker"] = Field(
        default="batch", validation_alias="SEGMENT_TARGET"
    )
    inference_backend: Literal["batch", "local", "stub", "http", "sagemaker"] = Field(
        default="batch", validation_alias="INFERENCE_BACKEND"
    )
    """How a render worker of one's own renders; with the first three it does so itself."""
    inference_url: RenderServerAddress = Field(
        default="", validation_alias="INFERENCE_HTTP_URL", validate_default=True
    )
    inference_timeout_s: float = Field(
        default=14_400.0, gt=0.0, validation_alias="INFERENCE_HTTP_TIMEOUT_SECONDS"
    )
    sagemaker_endpoint: str = Field(default="", validation_alias="SAGEMAKER_ENDPOINT_NAME")
    sagemaker_calls: Literal["async", "realtime"] = Field(
        default="async", validation_alias="SAGEMAKER_CALLS"
    )
    """`realtime` for an endpoint without an async config: a segment then has 60 s."""
    region: str = Field(default="us-east-1", validation_alias="AWS_REGION")
    endpoint_url: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL")
    tokens_secret: str = Field(default="", validation_alias="API_TOKENS_SECRET_ARN")
    """Who may use the API: a secret `{"name": "token"}`."""
    completion_webhook_url: str = Field(default="", validation_alias="COMPLETION_WEBHOOK_URL")
    """Who is told how jobs end; empty for nobody."""
    completion_webhook_secret: str = Field(
        default="", validation_alias="COMPLETION_WEBHOOK_SECRET_ARN"
    )
    """The secret that is `whsec_...`, or several with blanks between."""
    api_url: str = Field(default="", validation_alias="API_URL")
    """Where the API answers, for links that leave the deployment."""
    tier: str = Field(default="classic", validation_alias="STEREO_SPOT_TIER")
    segment_duration_s: float = Field(
        default=30.0, ge=0.5, le=300.0, validation_alias="CHUNK_SEGMENT_DURATION_SEC"
    )
    scene_cuts: bool = Field(default=False, validation_alias="STEREO_SPOT_SCENE_CUTS")
    lease_s: float = Field(default=180.0, ge=10.0, validation_alias="LEASE_SECONDS")
    heartbeat_s: float = Field(default=30.0, gt=0.0, validation_alias="HEARTBEAT_SECONDS")
    keep_source: bool = Field(default=False, validation_alias="KEEP_SOURCE")
    max_run_s: float | None = Field(default=None, gt=0.0, validation_alias="MAX_RUN_SECONDS")
    """How long a step may run before it is killed; a film that needs longer is refused."""
    carried_bytes_per_s: float = Field(
        default=50e6, gt=0.0, validation_alias="CHUNK_BYTES_PER_SECOND"
    )
    scratch: Path = Field(default=Path("/tmp/stereo-spot"), validation_alias="SCRATCH_DIR")
    chunking_queue: str = Field(default="", validation_alias="CHUNKING_QUEUE_URL")
    video_worker_queue: str = Field(default="", validation_alias="VIDEO_WORKER_QUEUE_URL")
    output_events_queue: str = Field(default="", validation_alias="OUTPUT_EVENTS_QUEUE_URL")
    reassembly_queue: str = Field(default="", validation_alias="REASSEMBLY_QUEUE_URL")
    long_poll_s: int = Field(default=20, ge=0, le=20, validation_alias="SQS_LONG_POLL_WAIT_SECONDS")

    @classmethod
    def from_environment(cls) -> Self:
        """The settings of this process.

        Raises:
            ValidationError: a name is missing, or holds what it may not.
        """
        return cls.model_validate(dict(os.environ))
