"""What the steps need from the world; every port has at least two real adapters.

The stores apply the changes of `transitions` as single conditional writes. The object store is
one name space of keys; an adapter may spread the prefixes over buckets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum, auto
from typing import Protocol, Self, runtime_checkable

from pydantic import Field

from stereo_spot.events import Event
from stereo_spot.keys import RenderedKey, SegmentKey
from stereo_spot.model import Frozen, Job, JobStatus, Seconds, Segment
from stereo_spot.transitions.change import Change


class JobPage(Frozen):
    """A page of jobs, newest first; `cursor` is opaque and None on the last page."""

    jobs: tuple[Job, ...]
    cursor: str | None = None


class JobStore(Protocol):
    """The job rows: the truth about every job."""

    def create(self, job: Job) -> bool:
        """Store a new row; False when the id is taken."""
        ...

    def get(self, job_id: str) -> Job | None:
        """The row as it is now, read consistently."""
        ...

    def apply(self, job_id: str, *changes: Change) -> Job | None:
        """The first of `changes` whose conditions hold, as one write each; None when none does."""
        ...

    def page(
        self,
        statuses: Sequence[JobStatus],
        *,
        owner: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """Jobs in these statuses, newest first; may be a moment old.

        Raises:
            RequestError: `bad_request` for a cursor that this store did not make.
        """
        ...

    def due(self, now: Seconds) -> Iterator[Job]:
        """Ended jobs with something left to do (`due_at` <= now); a hint, maybe a moment old."""
        ...


class SegmentLedger(Protocol):
    """The segment rows: who renders what, and what is done."""

    def get(self, job_id: str, index: int) -> Segment | None:
        """One row, read consistently."""
        ...

    def apply(self, job_id: str, index: int, *changes: Change) -> Segment | None:
        """The first of `changes` whose conditions hold, as one write each; None when none does."""
        ...

    def rows(self, job_id: str) -> list[Segment]:
        """All rows of a job in order, read consistently, every page."""
        ...

    def forget(self, job_id: str) -> None:
        """Remove all rows of a job."""
        ...


class ObjectInfo(Frozen):
    """What is known of a stored object without reading it."""

    key: str
    size: int
    etag: str
    stored_at: Seconds
    metadata: dict[str, str] = Field(default_factory=dict)


class RangeReader(Protocol):
    """A stored object, read by ranges and pinned to one version of its bytes."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`; shorter only at the end.

        Raises:
            SourceError: `source_changed` when the object is no longer the version asked for.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@runtime_checkable
class FillingReader(RangeReader, Protocol):
    """A range reader that can put bytes where they are wanted, without a copy between."""

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill `view` with the bytes from `offset`; how many came, fewer only at the end.

        Raises:
            SourceError: as `read_at`.
        """
        ...


class RangeWriter(Protocol):
    """A new object being written.

    Writes go forward without gaps, except that the first `head_bytes` may be written again at
    any time before the end.
    """

    head_bytes: int

    def write_at(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        ...


class NewObject(RangeWriter, Protocol):
    """A new object; it appears whole, or not at all when the block ends without `commit`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def commit(self) -> ObjectInfo | None:
        """Make it appear unless the key is taken: the first writer wins, None for all others."""
        ...


class ObjectStore(Protocol):
    """Objects by key; an object never changes under its key."""

    def head(self, key: str) -> ObjectInfo | None:
        """What is stored at `key`, None when nothing is."""
        ...

    def open(self, key: str, *, etag: str | None = None) -> RangeReader:
        """A reader pinned to `etag`, or to the version that is there now.

        Raises:
            RequestError: `not_found` when nothing is there.
            SourceError: `source_changed` when another version is there.
        """
        ...

    def create(self, key: str, metadata: Mapping[str, str]) -> NewObject:
        """Begin a new object."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, in key order."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; keys without one are no error."""
        ...


class UploadGrant(Frozen):
    """A signed permission to send bytes straight to the store."""

    url: str
    method: str = "PUT"
    headers: dict[str, str] = Field(default_factory=dict)
    expires_at: Seconds


class UploadedPart(Frozen):
    """One part of a multipart upload that the store holds."""

    number: int
    size: int
    etag: str


class Uploads(Protocol):
    """Signed uploads: in one piece, or in parts that can be resumed."""

    def single(self, key: str) -> UploadGrant:
        """A grant for one PUT; refused by the store once the key is taken."""
        ...

    def begin(self, key: str) -> str:
        """Start an upload in parts; returns its id."""
        ...

    def part(self, key: str, upload_id: str, number: int) -> UploadGrant:
        """A grant for one part, numbered from 1."""
        ...

    def parts(self, key: str, upload_id: str) -> list[UploadedPart]:
        """The parts held so far.

        Raises:
            RequestError: `upload_expired` when the upload is unknown or over.
        """
        ...

    def finish(self, key: str, upload_id: str, parts: Sequence[UploadedPart] | None) -> None:
        """Put the parts together, or drop them when `parts` is None.

        Raises:
            RequestError: `conflict` when the key is taken or the parts are not those held.
        """
        ...


class Downloads(Protocol):
    """Signed links to read an object."""

    def url(self, key: str, *, filename: str, inline: bool, expires_s: int = 14_400) -> str:
        """A link that answers ranges; `filename` is what a browser saves it as."""
        ...


class EventBus(Protocol):
    """Tells the world, and through it the next step; at least once, in any order."""

    def publish(self, event: Event) -> None:
        """Hand over one event."""
        ...


class RenderQueue(Protocol):
    """Where segments go that nobody renders yet."""

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered; asking twice costs at most a short look."""
        ...


class Outcome(StrEnum):
    """How a rendering went on."""

    STORED = auto()
    """The result stands at its key."""
    STOPPED = auto()
    """`stop` was called; there is no result."""
    STARTED = auto()
    """It goes on without us: the stored object, or news of its failure, will tell."""


class Renderer(Protocol):
    """Makes rendered segments: an engine here, or a service that fetches and stores by itself."""

    @property
    def lease_s(self) -> float | None:
        """How long a segment is held for what was only started; None: no longer than it is made."""
        ...

    def make(
        self, info: ObjectInfo, target: RenderedKey, *, run: str, progress: Callable[[int], None]
    ) -> Outcome:
        """Let what `info` becomes stand at `target`; `run` is the name of this rendering.

        Raises:
            StereoSpotError: of the kind of what went wrong.
        """
        ...

    def stop(self) -> None:
        """Give up what is being made; called from another thread."""
        ...
