"""The parts of the analyzer as its settings name them: storage, job source, services."""

from contextlib import ExitStack
from typing import Any

from stereo_spot.adapters.hybrid import Storage, hybrid
from stereo_spot.adapters.local.analysis import SqliteResultRows
from stereo_spot.adapters.local.analysis_files import FolderResultFiles
from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.adapters.local.database import Database
from stereo_spot.analysis.options import AnalysisOptions
from stereo_spot.analysis.ports import JobSource
from stereo_spot.analysis.providers.choice import Providers, offline, online
from stereo_spot.analysis.providers.openai import Access
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.settings.analyzer import AnalyzerSettings

SCHEMA = "analysis.sql"


class Parts:
    """Opens each part once, and closes what it opened with `stack`."""

    def __init__(self, settings: AnalyzerSettings, stack: ExitStack) -> None:
        self._settings, self._stack = settings, stack
        self._opened: dict[str, Any] = {}

    def storage(self) -> Storage:
        """Where results go."""
        match self._settings.results_in:
            case "hybrid":
                return hybrid(
                    metadata=self._stored_in(self._settings.metadata_storage),
                    files=self._stored_in(self._settings.file_storage),
                )
            case place:
                return self._stored_in(place)

    def source(self) -> JobSource:
        """Where jobs come from."""
        match self._settings.jobs_from:
            case "postgres":
                return self._postgres_jobs()
            case "sqs":
                return self._sqs_jobs()
            case "webhook":
                return self._webhook_jobs()
            case _:
                return self.inbox()

    def inbox(self) -> SqliteJobSource:
        """The embedded queue."""
        return SqliteJobSource(self._sqlite(), lease_s=self._settings.worker_lease_s)

    def providers(self) -> Providers:
        """What hears, sees and reads."""
        settings = self._settings
        at_home = settings.transcription_provider == "faster-whisper"
        whisper = settings.transcription_model if at_home else None
        if not settings.openai_api_key and not settings.openai_base_url:
            return offline(whisper)
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
        access = Access(
            base_url=settings.openai_base_url,
            api_key=key,
            timeout_s=settings.provider_timeout_s,
            attempts=settings.provider_attempts,
        )
        return online(
            access,
            speech=settings.transcription_model,
            vision=settings.vision_model,
            words=settings.embedding_model,
            whisper_model=whisper,
        )

    def _stored_in(self, place: str) -> Storage:
        folder = FolderResultFiles(self._settings.folder)
        if place == "postgres":
            from stereo_spot.adapters.postgres.rows import PostgresResultRows

            return Storage(PostgresResultRows(self._postgres()), folder)
        if place == "s3":
            from stereo_spot.adapters.aws.s3_results import S3ResultFiles, S3ResultRows

            bucket = _needed(self._settings.aws_s3_bucket, "AWS_S3_BUCKET")
            files = S3ResultFiles(self._aws("s3"), bucket, self._settings.s3_prefix)
            return Storage(S3ResultRows(files), files)
        return Storage(SqliteResultRows(self._sqlite()), folder)

    def _postgres_jobs(self) -> JobSource:
        from stereo_spot.adapters.postgres.jobs import PostgresJobSource

        return PostgresJobSource(self._postgres(), lease_s=self._settings.worker_lease_s)

    def _sqs_jobs(self) -> JobSource:
        from stereo_spot.adapters.aws.sqs_jobs import SqsJobSource

        settings = self._settings
        source = SqsJobSource(
            self._aws("sqs"),
            _needed(settings.aws_sqs_queue_url, "AWS_SQS_QUEUE_URL"),
            lease_s=settings.worker_lease_s,
            at_once=settings.sqs_max_messages,
            wait_s=settings.sqs_wait_time,
            max_attempts=settings.worker_max_attempts,
        )
        self._stack.callback(source.close)
        return source

    def _webhook_jobs(self) -> JobSource:
        from stereo_spot.adapters.webhook import WebhookJobSource

        settings = self._settings
        secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
        source = WebhookJobSource(
            self.inbox(),
            secret=_needed(secret, "WEBHOOK_SECRET"),
            host=settings.webhook_host,
            port=settings.webhook_port,
        )
        self._stack.callback(source.close)
        return source

    def _sqlite(self) -> Database:
        if "sqlite" not in self._opened:
            opened = Database(self._settings.folder / "analysis.db", schema=SCHEMA)
            self._opened["sqlite"] = opened
            self._stack.callback(opened.close)
        database: Database = self._opened["sqlite"]
        return database

    def _postgres(self) -> Any:
        if "postgres" not in self._opened:
            from stereo_spot.adapters.postgres.connection import Postgres

            url = self._settings.database_url
            opened = Postgres(
                _needed(url.get_secret_value() if url else None, "DATABASE_URL"),
                pool_size=self._settings.postgres_pool_size,
                timeout_s=self._settings.postgres_timeout,
            )
            self._opened["postgres"] = opened
            self._stack.callback(opened.close)
        return self._opened["postgres"]

    def _aws(self, service: str) -> Any:
        import boto3

        return boto3.client(service, region_name=self._settings.aws_region)


def options_of(settings: AnalyzerSettings) -> AnalysisOptions:
    """What the stages are asked to do."""
    return AnalysisOptions(
        normalize=settings.enable_normalization,
        transcribe=settings.enable_transcription,
        vision=settings.enable_vision_analysis,
        embed=settings.enable_embeddings,
        max_frames=settings.max_frames_per_video,
        best_frame=settings.frame_choice == "best",
        vision_concurrent=settings.vision_max_concurrent,
    )


def _needed(value: str | None, name: str) -> str:
    if not value:
        raise RequestError(ErrorKind.BAD_REQUEST, f"{name} must be set for this configuration")
    return value
