"""What every value of the domain is: frozen, and strict about what it knows."""

import hashlib
import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

JOB_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
MAX_SEGMENTS = 99_999

Seconds = float
JobId = Annotated[str, Field(pattern=JOB_ID_PATTERN)]


class Frozen(BaseModel):
    """A value: never changed, refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of this value, as hex."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()
