"""The settings; the only reader of the environment."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data() -> Path:
    return user_data_path("stereo-spot", appauthor=False)


def _default_workers() -> int:
    return max(1, min(os.cpu_count() or 1, 8))


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
    inference_backend: Literal["local", "stub"] = Field(
        default="local", validation_alias="INFERENCE_BACKEND"
    )
    host: str = Field(default="127.0.0.1", validation_alias="STEREO_SPOT_HOST")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="STEREO_SPOT_PORT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", validation_alias="LOG_LEVEL"
    )
