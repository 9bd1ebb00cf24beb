"""Every port in memory: the plainest statement of what the ports mean, for tests and demos."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from stereo_spot.adapters.cursor import decode_cursor, encode_cursor
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.events import Event, ObjectStored
from stereo_spot.keys import SegmentKey
from stereo_spot.model import Job, JobStatus, Segment
from stereo_spot.ports import JobPage, ObjectInfo
from stereo_spot.transitions.change import Change, applied


def first_applied(
    changes: Sequence[Change], row: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The row after the first change whose conditions hold."""
    return next((after for change in changes if (after := applied(change, row)) is not None), None)


class MemoryJobStore:
    """Job rows in a dict."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def create(self, job: Job) -> bool:
        """Store a new row; False when the id is taken."""
        with self._lock:
            if job.job_id in self._rows:
                return False
            self._rows[job.job_id] = job.attributes()
            return True

    def get(self, job_id: str) -> Job | None:
        """The row as it is now."""
        row = self._rows.get(job_id)
        return Job.load(row) if row is not None else None

    def apply(self, job_id: str, *changes: Change) -> Job | None:
        """The first of `changes` whose conditions hold."""
        with self._lock:
            after = first_applied(changes, self._rows.get(job_id))
            if after is None:
                return None
            self._rows[job_id] = Job.load(after).attributes()
            return Job.load(after)

    def page(
        self,
        statuses: Sequence[JobStatus],
        *,
        owner: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """Jobs in these statuses, newest first."""
        jobs = [Job.load(row) for row in list(self._rows.values())]
        jobs = [j for j in jobs if j.status in statuses and owner in (None, j.owner)]
        jobs.sort(key=lambda job: (job.created_at, job.job_id), reverse=True)
        if cursor is not None:
            after = decode_cursor(cursor)
            jobs = [job for job in jobs if (job.created_at, job.job_id) < after]
        more = jobs[limit - 1] if len(jobs) > limit else None
        return JobPage(
            jobs=tuple(jobs[:limit]),
            cursor=encode_cursor(more.created_at, more.job_id) if more else None,
        )

    def due(self, now: float) -> Iterator[Job]:
        """Ended jobs with something left to do."""
        rows = [row for row in self._rows.values() if row.get("due_at", now + 1) <= now]
        return iter([Job.load(row) for row in rows])


class MemoryLedger:
    """Segment rows in a dict."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def get(self, job_id: str, index: int) -> Segment | None:
        """One row."""
        row = self._rows.get((job_id, index))
        return Segment.load(row) if row is not None else None

    def apply(self, job_id: str, index: int, *changes: Change) -> Segment | None:
        """The first of `changes` whose conditions hold."""
        with self._lock:
            after = first_applied(changes, self._rows.get((job_id, index)))
            if after is None:
                return None
            row = Segment.load(after)
            self._rows[job_id, index] = row.attributes()
            return row

    def rows(self, job_id: str) -> list[Segment]:
        """All rows of a job in order."""
        with self._lock:
            return [Segment.load(self._rows[key]) for key in sorted(self._rows) if key[0] == job_id]

    def forget(self, job_id: str) -> None:
        """Remove all rows of a job."""
        with self._lock:
            for key in [key for key in self._rows if key[0] == job_id]:
                del self._rows[key]


class MemoryReader:
    """A reader of bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.size = len(body)

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`."""
        return self._body[offset : offset + length]

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill `view` with the bytes from `offset`; how many came."""
        found = self.read_at(offset, len(view))
        view[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Nothing to let go of."""


class _NewMemoryObject:
    """Bytes on their way into the dict."""

    def __init__(self, store: "MemoryObjectStore", key: str, metadata: Mapping[str, str]) -> None:
        self.head_bytes = 0
        self._store, self._key, self._metadata = store, key, dict(metadata)
        self._body = bytearray()

    def write_at(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        self._body[offset : offset + len(data)] = data

    def commit(self) -> ObjectInfo | None:
        """Make it appear unless the key is taken."""
        return self._store.put_new(self._key, bytes(self._body), self._metadata)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class MemoryObjectStore:
    """Objects in a dict; tells `on_stored` of each new key."""

    def __init__(self, on_stored: Callable[[str], None] = lambda _key: None) -> None:
        self._objects: dict[str, tuple[ObjectInfo, bytes]] = {}
        self._lock = threading.Lock()
        self._on_stored = on_stored

    def head(self, key: str) -> ObjectInfo | None:
        """What is stored at `key`."""
        found = self._objects.get(key)
        return found[0] if found else None

    def open(self, key: str, *, etag: str | None = None) -> MemoryReader:
        """A reader pinned to `etag`."""
        found = self._objects.get(key)
        if found is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
        if etag not in (None, found[0].etag):
            raise SourceError(ErrorKind.SOURCE_CHANGED, f"{key} is another version now")
        return MemoryReader(found[1])

    def create(self, key: str, metadata: Mapping[str, str]) -> _NewMemoryObject:
        """Begin a new object."""
        return _NewMemoryObject(self, key, metadata)

    def put_new(self, key: str, body: bytes, metadata: dict[str, str]) -> ObjectInfo | None:
        """Store unless the key is taken."""
        info = ObjectInfo(
            key=key, size=len(body), etag=uuid.uuid4().hex, stored_at=time.time(), metadata=metadata
        )
        with self._lock:
            if key in self._objects:
                return None
            self._objects[key] = (info, body)
        self._on_stored(key)
        return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects under a prefix, in key order."""
        found = sorted(key for key in list(self._objects) if key.startswith(prefix))
        return iter([self._objects[key][0] for key in found])

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        for key in keys:
            self._objects.pop(key, None)


class MemoryBus:
    """Events in a list, for whoever wants to look or to run them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        """Hand over one event."""
        self.events.append(event)

    def on_stored(self, key: str) -> None:
        """Hand over the news of a stored object."""
        self.publish(ObjectStored(key=key))


class MemoryRenderQueue:
    """Submitted segments in a list."""

    def __init__(self) -> None:
        self.submitted: list[SegmentKey] = []

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered."""
        self.submitted.extend(segments)
