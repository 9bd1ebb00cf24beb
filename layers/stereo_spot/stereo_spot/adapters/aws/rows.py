"""Job and segment rows in DynamoDB."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from stereo_spot.adapters.aws.expressions import key_of
from stereo_spot.adapters.aws.table import Table
from stereo_spot.adapters.aws.values import typed
from stereo_spot.adapters.cursor import decode_cursor, encode_cursor
from stereo_spot.model import Job, JobStatus, Segment
from stereo_spot.ports import JobPage
from stereo_spot.transitions.change import Change

BY_CREATION = "status-created_at"
BY_COMPLETION = "status-completed_at"
BY_DUE = "status-due_at"
"""Sparse: only ended jobs with something left to do have a `due_at`."""
_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.DELETED)


class DynamoJobStore:
    """The jobs table."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    def create(self, job: Job) -> bool:
        """Store a new row; False when the id is taken."""
        return self._table.put_new(job.attributes())

    def get(self, job_id: str) -> Job | None:
        """The row as it is now."""
        row = self._table.get(key_of(job_id=job_id))
        return Job.load(row) if row is not None else None

    def apply(self, job_id: str, *changes: Change) -> Job | None:
        """The first of `changes` whose conditions hold."""
        row = self._table.apply(key_of(job_id=job_id), changes)
        return Job.load(row) if row is not None else None

    def page(
        self,
        statuses: Sequence[JobStatus],
        *,
        owner: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """Jobs in these statuses, newest first: the statuses' own lists, merged."""
        after = decode_cursor(cursor) if cursor is not None else None
        lists = (self._newest(status, owner, limit + 1, after) for status in statuses)
        merged = heapq.merge(*lists, key=_place, reverse=True)
        jobs = list(islice(merged, limit + 1))
        last = jobs[limit - 1] if len(jobs) > limit else None
        return JobPage(
            jobs=tuple(jobs[:limit]),
            cursor=encode_cursor(last.created_at, last.job_id) if last else None,
        )

    def due(self, now: float) -> Iterator[Job]:
        """Ended jobs with something left to do."""
        for status in _ENDED:
            yield from map(
                Job.load,
                self._table.query(
                    IndexName=BY_DUE,
                    KeyConditionExpression="#status = :status AND due_at <= :now",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":status": typed(status), ":now": typed(now)},
                ),
            )

    def _newest(
        self, status: JobStatus, owner: str | None, page: int, after: tuple[float, str] | None
    ) -> Iterator[Job]:
        """Jobs of one status; the index leaves open how jobs of one moment are ordered."""
        condition, names = "#status = :status", {"#status": "status"}
        values = {":status": typed(status)}
        request: dict[str, Any] = {"IndexName": BY_CREATION, "ScanIndexForward": False}
        if after is not None:
            condition += " AND created_at <= :after"
            values[":after"] = typed(after[0])
        if owner is not None:
            request["FilterExpression"] = "#owner = :owner"
            names["#owner"], values[":owner"] = "owner", typed(owner)
        else:
            request["Limit"] = page
        found = self._table.query(
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            **request,
        )
        for _moment, together in groupby(map(Job.load, found), key=lambda job: job.created_at):
            ordered = sorted(together, key=_place, reverse=True)
            yield from (job for job in ordered if after is None or _place(job) < after)


class DynamoLedger:
    """The segments table."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    def get(self, job_id: str, index: int) -> Segment | None:
        """One row."""
        row = self._table.get(key_of(job_id=job_id, segment_index=index))
        return Segment.load(row) if row is not None else None

    def apply(self, job_id: str, index: int, *changes: Change) -> Segment | None:
        """The first of `changes` whose conditions hold."""
        row = self._table.apply(key_of(job_id=job_id, segment_index=index), changes)
        return Segment.load(row) if row is not None else None

    def rows(self, job_id: str) -> list[Segment]:
        """All rows of a job in order."""
        return [Segment.load(row) for row in self._of(job_id)]

    def forget(self, job_id: str) -> None:
        """Remove all rows of a job."""
        keys = [
            key_of(job_id=job_id, segment_index=row["segment_index"]) for row in self._of(job_id)
        ]
        self._table.delete(keys)

    def _of(self, job_id: str) -> Iterator[dict[str, Any]]:
        return self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="job_id = :job_id",
            ExpressionAttributeValues={":job_id": typed(job_id)},
        )


def _place(job: Job) -> tuple[float, str]:
    return job.created_at, job.job_id
