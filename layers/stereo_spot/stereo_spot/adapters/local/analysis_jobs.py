"""The analyzer's jobs in SQLite: the embedded queue, and what makes a webhook durable."""

import time
from collections.abc import Callable, Mapping, Sequence

from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.owner import new_owner, owner_is_dead
from stereo_spot.analysis.ports import Claim, Waiting
from stereo_spot.analysis.records import check_video_id

DELIVERY_KEPT_S = 86_400.0
"""Far longer than the five minutes in which a signature holds."""


class SqliteJobSource:
    """Jobs with a lease; the lease of a process that is gone is free at once."""

    def __init__(
        self,
        database: Database,
        *,
        lease_s: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._lease_s, self._clock = database, lease_s, clock

    def add(
        self, job_id: str, video_id: str, *, path: str | None = None, delivery: str | None = None
    ) -> bool:
        """Store a job; False when the job or the delivery was seen before."""
        check_video_id(video_id)
        now = self._clock()
        with self._database.write() as connection:
            if delivery is not None:
                connection.execute(
                    "DELETE FROM deliveries WHERE seen_at < ?", (now - DELIVERY_KEPT_S,)
                )
                seen = connection.execute(
                    "INSERT INTO deliveries (id, seen_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (delivery, now),
                )
                if not seen.rowcount:
                    return False
            added = connection.execute(
                "INSERT INTO jobs (id, video_id, path, run_after, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (job_id, video_id, path, now, now, now),
            )
            return added.rowcount == 1

    def claim(self) -> Claim | None:
        """The oldest job that is due."""
        now, token = self._clock(), new_owner()
        with self._database.write() as connection:
            self._free_lost(now)
            row = connection.execute(
                "UPDATE jobs SET status = 'processing', attempts = attempts + 1, updated_at = ?,"
                " lease_owner = ?, lease_until = ? WHERE id = (SELECT id FROM jobs"
                " WHERE status = 'pending' AND run_after <= ? ORDER BY created_at, id LIMIT 1)"
                " RETURNING id, video_id, attempts, path",
                (now, token, now + self._lease_s, now),
            ).fetchone()
        if row is None:
            return None
        return Claim(job_id=row[0], video_id=row[1], attempts=row[2], path=row[3], token=token)

    def extend(self, claim: Claim) -> bool:
        """Hold it for another lease."""
        until = self._clock() + self._lease_s
        return self._held(claim, "lease_until = ?", until)

    def complete(self, claim: Claim) -> bool:
        """It is done."""
        return self._held(claim, "status = 'done', error = NULL, lease_owner = NULL")

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Due again, or failed for good."""
        if error is None:
            return self._held(
                claim, "status = 'pending', attempts = attempts - 1, lease_owner = NULL"
            )
        if retry_in_s is None:
            return self._held(claim, "status = 'failed', error = ?, lease_owner = NULL", error)
        return self._held(
            claim,
            "status = 'pending', error = ?, run_after = ?, lease_owner = NULL",
            error,
            self._clock() + retry_in_s,
        )

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """Jobs by status, and the next ones to come."""
        connection = self._database.read()
        counts = dict(connection.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
        rows = connection.execute(
            "SELECT id, video_id, status, attempts, created_at FROM jobs"
            " WHERE status = 'pending' ORDER BY created_at, id LIMIT ?",
            (limit,),
        )
        names = ("id", "video_id", "status", "attempts", "created_at")
        waiting = [Waiting.model_validate(dict(zip(names, row, strict=True))) for row in rows]
        return counts, waiting

    def _free_lost(self, now: float) -> None:
        """Make due what a dead worker held."""
        connection = self._database.read()
        held = connection.execute(
            "SELECT id, lease_owner, lease_until FROM jobs WHERE status = 'processing'"
        ).fetchall()
        for job_id, owner, until in held:
            if until <= now or owner_is_dead(owner):
                connection.execute(
                    "UPDATE jobs SET status = 'pending', lease_owner = NULL, updated_at = ?,"
                    " error = 'the worker that held the job died' WHERE id = ?",
                    (now, job_id),
                )

    def _held(self, claim: Claim, change: str, *values: object) -> bool:
        with self._database.write() as connection:
            done = connection.execute(
                f"UPDATE jobs SET {change}, updated_at = ? WHERE id = ?"
                " AND status = 'processing' AND lease_owner = ?",
                (*values, self._clock(), claim.job_id, claim.token),
            )
            return done.rowcount == 1
