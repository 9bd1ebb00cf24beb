"""Settings of the analyzer."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from stereo_spot.settings.machine import Settings


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
