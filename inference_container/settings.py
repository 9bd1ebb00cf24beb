"""The container's settings; the only reader of its environment besides the engine's own."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from stereo_spot.model import Tier


class ServerSettings(BaseSettings):
    """What a server needs to know; the objects it works on are named in each request."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    tier: Tier = Field(default=Tier.QUALITY, validation_alias="STEREO_SPOT_TIER")
    host: str = Field(default="127.0.0.1", validation_alias="SERVER_HOST")
    """The image says 0.0.0.0; the server asks nobody who they are."""
    port: int = Field(default=8080, ge=0, le=65535, validation_alias="SERVER_PORT")
    objects_dir: Path | None = Field(default=None, validation_alias="OBJECTS_DIR")
    """The one folder of objects, `objects/` of a data folder, that `file` addresses may name."""
    region: str = Field(default="us-east-1", validation_alias="AWS_REGION")
    endpoint_url: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL")
    token_secret: str = Field(default="", validation_alias="HF_TOKEN_ARN")
    """A secret that is the model hub's token; `HF_TOKEN` itself is read by the hub's library."""
    scratch: Path = Field(default=Path("/tmp/stereo-spot"), validation_alias="SCRATCH_DIR")
