"""Job and segment rows in SQLite: the conditions are checked inside one write transaction."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from stereo_spot.adapters.cursor import decode_cursor, encode_cursor
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.owner import owner_is_dead
from stereo_spot.model import Job, JobStatus, Segment
from stereo_spot.ports import JobPage
from stereo_spot.transitions.change import Change, applied


def _first_applied(changes: Sequence[Change], row: str | None) -> dict[str, Any] | None:
    before = json.loads(row) if row is not None else None
    tried = (applied(change, before, owner_is_dead) for change in changes)
    return next((after for after in tried if after is not None), None)


class SqliteJobStore:
    """The jobs table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, job: Job) -> bool:
        """Store a new row; False when the id is taken."""
        with self._database.write() as connection:
            done = connection.execute(
                "INSERT INTO jobs (job_id, status, created_at, owner, due_at, row)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (job.job_id, job.status, job.created_at, job.owner, job.due_at, _text(job)),
            )
            return done.rowcount == 1

    def get(self, job_id: str) -> Job | None:
        """The row as it is now."""
        found = self._database.read().execute("SELECT row FROM jobs WHERE job_id = ?", (job_id,))
        row = found.fetchone()
        return Job.load(json.loads(row[0])) if row else None

    def apply(self, job_id: str, *changes: Change) -> Job | None:
        """The first of `changes` whose conditions hold, as one transaction."""
        with self._database.write() as connection:
            found = connection.execute("SELECT row FROM jobs WHERE job_id = ?", (job_id,))
            row = found.fetchone()
            after = _first_applied(changes, row[0] if row else None)
            if after is None:
                return None
            job = Job.load(after)
            connection.execute(
                "UPDATE jobs SET status = ?, due_at = ?, row = ? WHERE job_id = ?",
                (job.status, job.due_at, _text(job), job_id),
            )
            return job

    def page(
        self,
        statuses: Sequence[JobStatus],
        *,
        owner: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """Jobs in these statuses, newest first."""
        created_at, job_id = decode_cursor(cursor) if cursor else (float("inf"), "")
        found = self._database.read().execute(
            "SELECT row FROM jobs"
            " WHERE status IN (SELECT value FROM json_each(?)) AND (? IS NULL OR owner = ?)"
            " AND (created_at, job_id) < (?, ?)"
            " ORDER BY created_at DESC, job_id DESC LIMIT ?",
            (json.dumps(statuses), owner, owner, created_at, job_id, limit + 1),
        )
        jobs = [Job.load(json.loads(row)) for (row,) in found]
        last = jobs[limit - 1] if len(jobs) > limit else None
        return JobPage(
            jobs=tuple(jobs[:limit]),
            cursor=encode_cursor(last.created_at, last.job_id) if last else None,
        )

    def due(self, now: float) -> Iterator[Job]:
        """Ended jobs with something left to do."""
        found = self._database.read().execute("SELECT row FROM jobs WHERE due_at <= ?", (now,))
        return iter([Job.load(json.loads(row)) for (row,) in found])

    def drop_tombstones(self, now: float) -> None:
        """Forget deleted jobs whose time is over."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM jobs WHERE row ->> '$.ttl' < ?", (now,))


class SqliteLedger:
    """The segments table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: str, index: int) -> Segment | None:
        """One row."""
        found = self._database.read().execute(
            "SELECT row FROM segments WHERE job_id = ? AND segment_index = ?", (job_id, index)
        )
        row = found.fetchone()
        return Segment.load(json.loads(row[0])) if row else None

    def apply(self, job_id: str, index: int, *changes: Change) -> Segment | None:
        """The first of `changes` whose conditions hold, as one transaction."""
        with self._database.write() as connection:
            found = connection.execute(
                "SELECT row FROM segments WHERE job_id = ? AND segment_index = ?", (job_id, index)
            )
            row = found.fetchone()
            after = _first_applied(changes, row[0] if row else None)
            if after is None:
                return None
            segment = Segment.load(after)
            connection.execute(
                "INSERT INTO segments (job_id, segment_index, row) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET row = excluded.row",
                (job_id, index, _text(segment)),
            )
            return segment

    def rows(self, job_id: str) -> list[Segment]:
        """All rows of a job in order."""
        found = self._database.read().execute(
            "SELECT row FROM segments WHERE job_id = ? ORDER BY segment_index", (job_id,)
        )
        return [Segment.load(json.loads(row)) for (row,) in found]

    def forget(self, job_id: str) -> None:
        """Remove all rows of a job."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM segments WHERE job_id = ?", (job_id,))


def _text(row: Job | Segment) -> str:
    return json.dumps(row.attributes(), separators=(",", ":"))
