"""Settings of one machine."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from stereo_spot.settings.render_server import RenderServerAddress

MOST_THREADS = 1024
"""The most cores that the engine takes for a model."""


def _default_data() -> Path:
    from platformdirs import user_data_path  # not on AWS

    return user_data_path("stereo-spot", appauthor=False)


def _default_workers() -> int:
    return max(1, min(os.cpu_count() or 1, 8))


def accept_licences(names: Sequence[str]) -> None:
    """Let every process started from here on use the models of these names."""
    known = os.environ.get("ACCEPT_LICENCE", "")
    os.environ["ACCEPT_LICENCE"] = ",".join(filter(None, (known, *names)))


def limit_models(threads: str) -> None:
    """Let models in processes started from here on use so many cores, where nobody says else."""
    os.environ["MODEL_THREADS"] = os.environ.get("MODEL_THREADS") or threads


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
    model_threads: Annotated[int | None, BeforeValidator(lambda given: given or None)] = Field(
        default=None, ge=1, le=MOST_THREADS, validation_alias="MODEL_THREADS"
    )
    """Cores that each model takes; the engine reads it, and would not start with a wrong one."""
    host: str = Field(default="127.0.0.1", validation_alias="STEREO_SPOT_HOST")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="STEREO_SPOT_PORT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", validation_alias="LOG_LEVEL"
    )
    analyze: Literal["here", "services", "off"] = Field(
        default="here", validation_alias="STEREO_SPOT_ANALYZE"
    )
    """Whether `serve` makes films searchable, and whether it may send them to services for it."""
    completion_webhook_url: str = Field(default="", validation_alias="COMPLETION_WEBHOOK_URL")
    """Who is told by `serve` how jobs end; checked when it starts."""
    completion_webhook_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="COMPLETION_WEBHOOK_SECRET"
    )
    """What signs the messages: `whsec_...`, or several with blanks between."""
