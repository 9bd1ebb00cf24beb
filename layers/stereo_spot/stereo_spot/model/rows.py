"""The stored rows. They keep the attribute names of the tables; absent means None."""

from typing import Any, Self

from pydantic import ConfigDict

from stereo_spot.model.base import Frozen, Seconds
from stereo_spot.model.film import SourceFacts
from stereo_spot.model.options import JobOptions, JobStatus, StereoMode


class Row(Frozen):
    """A stored row. Unknown attributes of other writers are dropped on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, attributes: dict[str, Any]) -> Self:
        """Read a row from its stored attributes."""
        return cls.model_validate(attributes)

    def attributes(self) -> dict[str, Any]:
        """The attributes to store; None is left out."""
        return self.model_dump(mode="json", exclude_none=True)


class Leased(Row):
    """The four fields of a lease, and the two counters that bound it."""

    lease_owner: str | None = None
    lease_until: Seconds | None = None
    tries: int = 0
    """Failures that a worker reported in this round."""
    reclaims: int = 0
    """Leases lost (a killed process, a reclaimed host) without progress in between."""

    def held(self, now: Seconds) -> bool:
        """Whether somebody's lease has not run out; who that is may be dead all the same."""
        return self.lease_until is not None and self.lease_until >= now


class Job(Leased):
    """One film on its way."""

    job_id: str
    status: JobStatus
    mode: StereoMode
    created_at: Seconds
    updated_at: Seconds
    deadline_at: Seconds
    round: int = 1
    options: JobOptions = JobOptions()
    owner: str | None = None
    title: str | None = None
    renamed_at: Seconds | None = None
    """When a person last gave it another title than that of its creation."""
    start_requested_at: Seconds | None = None
    uploaded_at: Seconds | None = None
    source_file_size_bytes: int | None = None
    source_etag: str | None = None
    facts: SourceFacts | None = None
    plan_digest: str | None = None
    total_segments: int | None = None
    planned_frames: int | None = None
    """Frames of the finished film: fewer than the source's where only a part was asked for."""
    chunked_at: Seconds | None = None
    done_hint: int = 0
    """Completions counted so far; a hint, may be off by doubled or lost adds."""
    frames_done: int = 0
    dispatch_at: Seconds | None = None
    dispatches: int = 0
    announce: str | None = None
    """How far the news of the end is: `pending`, `sent` (the bus has it), `done` (the receiver)."""
    due_at: Seconds | None = None
    completed_at: Seconds | None = None
    failed_at: Seconds | None = None
    deleted_at: Seconds | None = None
    deleted_from: JobStatus | None = None
    """Where the job stood when it was set aside; there until the deletion is final."""
    collections: int = 0
    ttl: Seconds | None = None
    error_kind: str | None = None
    error_text: str | None = None
    error_segment: int | None = None
    output_key: str | None = None
    output_etag: str | None = None
    frames: int | None = None
    result: dict[str, Any] | None = None
    """What the finished film is: counts, timing, warnings, depth source and confidence."""


class Segment(Leased):
    """One row of the ledger: a claim, and once `completed_at` is there, a completion."""

    job_id: str
    segment_index: int
    round: int = 1
    progress_mark: int = 0
    """The job's `done_hint` when `reclaims` was last counted from."""
    completed_at: Seconds | None = None
    total_segments: int | None = None
    output_s3_uri: str | None = None
    output_etag: str | None = None
    frames: int | None = None
    runs: int = 0
    """How often the segment was claimed for rendering; 1 when nothing died."""
    frames_done: int = 0
    """Frames the current holder has finished; for progress only."""
    error_kind: str | None = None
    error_text: str | None = None
    ttl: Seconds | None = None
    report: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether a verified output object stands behind this row."""
        return self.completed_at is not None


class SegmentCompletion(Frozen):
    """A rendered segment as its stored object tells it."""

    job_id: str
    segment_index: int
    total_segments: int
    completed_at: Seconds
    output_s3_uri: str
    output_etag: str
    plan_digest: str
    frames: int
