"""Jobs of the `jobs` table: `FOR UPDATE SKIP LOCKED`, so workers never wait for each other."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from stereo_spot.adapters.postgres.connection import Postgres, statements
from stereo_spot.analysis.ports import Claim, Waiting
from stereo_spot.analysis.records import check_video_id

SWEEP_S = 5.0


class PostgresJobSource:
    """Jobs with a lease by the clock of the database."""

    def __init__(self, database: Postgres, *, lease_s: float = 60.0) -> None:
        self._database, self._lease_s = database, lease_s
        self._sql = statements("jobs")
        self._swept = -SWEEP_S

    def add(self, job_id: str, video_id: str) -> bool:
        """Store a job; False when it is there already."""
        check_video_id(video_id)
        return self._changed("add", job=job_id, video=video_id)

    def claim(self) -> Claim | None:
        """The oldest job that is due."""
        if time.monotonic() - self._swept >= min(SWEEP_S, self._lease_s):
            self._changed("free_lost", lease=self._lease_s)
            self._swept = time.monotonic()
        token = uuid.uuid4().hex
        rows = self._rows("claim", token=token, lease=self._lease_s)
        if not rows:
            return None
        job_id, video_id, attempts = rows[0]
        return Claim(job_id=job_id, video_id=video_id, attempts=attempts, token=token)

    def extend(self, claim: Claim) -> bool:
        """Hold it for another lease."""
        return self._held("extend", claim, lease=self._lease_s)

    def complete(self, claim: Claim) -> bool:
        """It is done."""
        return self._held("complete", claim)

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Due again, or failed for good."""
        if error is None:
            return self._held("hand_back", claim)
        if retry_in_s is None:
            return self._held("fail", claim, error=error)
        return self._held("retry", claim, error=error, delay=retry_in_s)

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """Jobs by status, and the next ones to come."""
        names = ("id", "video_id", "status", "attempts", "created_at")
        rows = self._rows("waiting", limit=limit)
        waiting = [Waiting.model_validate(dict(zip(names, row, strict=True))) for row in rows]
        return {status: count for status, count in self._rows("counts")}, waiting

    def _held(self, name: str, claim: Claim, **values: Any) -> bool:
        return self._changed(name, job=claim.job_id, token=claim.token, **values)

    def _changed(self, name: str, **values: Any) -> bool:
        return self._database.changed(self._sql[name], values) > 0

    def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._database.rows(self._sql[name], values)
