"""The settings; the only reader of the environment."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data() -> Path:
    from platformdirs import user_data_path  # not on AWS

    return user_data_path("stereo-spot", appauthor=False)


def _default_workers() -> int:
    return max(1, min(os.cpu_count() or 1, 8))


def traces_calls() -> bool:
    """Whether X-Ray records each call that a Lambda function makes."""
    return os.environ.get("TRACE_CALLS", "false") == "true"


def accept_licences(names: Sequence[str]) -> None:
    """Let every process started from here on use the models of these names."""
    known = os.environ.get("ACCEPT_LICENCE", "")
    os.environ["ACCEPT_LICENCE"] = ",".join(filter(None, (known, *names)))


def _render_server(address: str, info: ValidationInfo) -> str:
    """The address as it is; needed where segments go to a render server."""
    parts = urlsplit(address)
    if info.data.get("inference_backend") == "http" and not (
        parts.scheme in ("http", "https") and parts.hostname
    ):
        raise ValueError("the backend http needs the render server's http://HOST:PORT")
    return address


RenderServerAddress = Annotated[str, AfterValidator(_render_server)]


class Settings(BaseSettings):
    """Settings of one machine. Names in capitals are the environment's; options beat them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    data: Path = Field(default_factory=_default_data, validation_alias="STEREO_SPOT_DATA")
    workers: int = Field(
        default_factory=_default_workers, ge=1, le=64, validation_alias="STEREO_SPOT_WORKERS"
    )
    segment_duration_s: float = Field(
        default=30.0, ge=0.5, le=300.0, validation_alias="CHUNK_SEGMENT_DURATION_SEC"
    )
    scene_cuts: bool = Field(default=True, validation_alias="STEREO_SPOT_SCENE_CUTS")
    inference_backend: Literal["local", "stub", "http"] = Field(
        default="local", validation_alias="INFERENCE_BACKEND"
    )
    inference_url: RenderServerAddress = Field(
        default="", validation_alias="INFERENCE_HTTP_URL", validate_default=True
    )
    """The render server of the backend `http`; it sees this machine's disk."""
    inference_timeout_s: float = Field(
        default=14_400.0, gt=0.0, validation_alias="INFERENCE_HTTP_TIMEOUT_SECONDS"
    )
    host: str = Field(default="127.0.0.1", validation_alias="STEREO_SPOT_HOST")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="STEREO_SPOT_PORT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", validation_alias="LOG_LEVEL"
    )
    analyze: Literal["here", "services", "off"] = Field(
        default="here", validation_alias="STEREO_SPOT_ANALYZE"
    )
    """Whether `serve` makes films searchable, and whether it may send them to services for it."""


class AnalyzerSettings(BaseSettings):
    """Settings of the analyzer, by the names it has always had.

    With nothing set, jobs, rows and files are kept in the data folder; `DATABASE_URL` alone still
    means Postgres for jobs and rows.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    job_source_type: Literal["local", "postgres", "sqs", "webhook"] | None = None
    storage_type: Literal["local", "postgres", "s3", "hybrid"] | None = None
    metadata_storage: Literal["local", "postgres", "s3"] = "postgres"
    file_storage: Literal["local", "s3"] = "s3"
    data_dir: Path | None = None
    database_url: SecretStr | None = None
    postgres_pool_size: int = Field(default=5, ge=1, le=100)
    postgres_timeout: float = Field(default=10.0, gt=0)
    aws_sqs_queue_url: str | None = None
    aws_region: str = "us-east-1"
    sqs_max_messages: int = Field(default=1, ge=1, le=10)
    sqs_wait_time: int = Field(default=20, ge=0, le=20)
    webhook_secret: SecretStr | None = None
    webhook_host: str = "127.0.0.1"
    webhook_port: int = Field(default=8080, ge=0, le=65535)
    aws_s3_bucket: str | None = None
    s3_prefix: str = "video-processing/"
    max_frames_per_video: int = Field(default=50, ge=1, le=100_000)
    frame_choice: Literal["midpoint", "best"] = "midpoint"
    enable_normalization: bool = True
    enable_transcription: bool = True
    enable_vision_analysis: bool = True
    enable_embeddings: bool = True
    vision_max_concurrent: int = Field(default=5, ge=1, le=64)
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    transcription_provider: Literal["openai", "faster-whisper"] = "openai"
    transcription_model: str = "whisper-1"
    vision_model: str = "gpt-4o"
    embedding_model: str = "text-embedding-3-small"
    provider_timeout_s: float = Field(default=60.0, gt=0)
    provider_attempts: int = Field(default=4, ge=1, le=20)
    worker_poll_ms: int = Field(default=1500, ge=10)
    worker_max_attempts: int = Field(default=3, ge=1, le=100)
    worker_backoff_multiplier: float = Field(default=1.5, ge=1.0, le=10.0)
    worker_max_backoff_ms: int = Field(default=12_000, ge=10)
    worker_lease_s: float = Field(default=60.0, gt=0)
    worker_dev_http: bool = False
    worker_http_host: str = "127.0.0.1"
    worker_http_port: int = Field(default=8001, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def jobs_from(self) -> str:
        """Where jobs come from."""
        return self.job_source_type or ("postgres" if self.database_url else "local")

    @property
    def results_in(self) -> str:
        """Where results go."""
        return self.storage_type or ("postgres" if self.database_url else "local")

    @property
    def folder(self) -> Path:
        """The folder for films, files and the embedded store."""
        return self.data_dir or Settings().data / "analysis"


class AwsSettings(BaseSettings):
    """Settings of one process of an AWS deployment; the template sets the names in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

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
    tier: str = Field(default="classic", validation_alias="STEREO_SPOT_TIER")
    segment_duration_s: float = Field(
        default=30.0, ge=0.5, le=300.0, validation_alias="CHUNK_SEGMENT_DURATION_SEC"
    )
    scene_cuts: bool = Field(default=False, validation_alias="STEREO_SPOT_SCENE_CUTS")
    lease_s: float = Field(default=180.0, ge=10.0, validation_alias="LEASE_SECONDS")
    heartbeat_s: float = Field(default=30.0, gt=0.0, validation_alias="HEARTBEAT_SECONDS")
    keep_source: bool = Field(default=False, validation_alias="KEEP_SOURCE")
    scratch: Path = Field(default=Path("/tmp/stereo-spot"), validation_alias="SCRATCH_DIR")
    chunking_queue: str = Field(default="", validation_alias="CHUNKING_QUEUE_URL")
    video_worker_queue: str = Field(default="", validation_alias="VIDEO_WORKER_QUEUE_URL")
    output_events_queue: str = Field(default="", validation_alias="OUTPUT_EVENTS_QUEUE_URL")
    reassembly_queue: str = Field(default="", validation_alias="REASSEMBLY_QUEUE_URL")
    long_poll_s: int = Field(default=20, ge=0, le=20, validation_alias="SQS_LONG_POLL_WAIT_SECONDS")
