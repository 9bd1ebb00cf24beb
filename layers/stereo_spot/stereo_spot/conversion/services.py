"""Everything a step may use, handed to it as one value; built in `runtime` only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import Job
from stereo_spot.ports import (
    Downloads,
    EventBus,
    JobStore,
    ObjectStore,
    RenderQueue,
    SegmentLedger,
    Uploads,
)
from stereo_spot.transitions.job import LEASE_S


@dataclass(frozen=True)
class Policy:
    """Times and limits that differ between one machine and a cloud."""

    lease_s: float = LEASE_S
    heartbeat_s: float = 30.0
    first_dispatch_s: float = 300.0
    """How long a stored segment may stay unclaimed before the sweeper sends it out again."""
    unseen_upload_s: float = 120.0
    """How long after creation the sweeper looks for an upload whose event was lost."""
    max_dispatch: int = 1000
    keep_source: bool = False
    """Whether a finished job keeps its source."""
    max_run_s: float | None = None
    """How long one run of a step may take; None where nothing ends it."""
    carried_bytes_per_s: float = 50e6
    """How fast a step reads a film from the store, and stores its segments beside that."""


@dataclass(frozen=True)
class Services:
    """The ports, and how to name oneself and tell the time."""

    jobs: JobStore
    ledger: SegmentLedger
    objects: ObjectStore
    bus: EventBus
    renders: RenderQueue
    uploads: Uploads
    downloads: Downloads
    clock: Callable[[], float]
    new_owner: Callable[[], str]
    """A lease token nobody else has."""
    scratch: Path
    """Folder for files of a running step; each run makes its own inside and removes it."""
    policy: Policy
    limits: MediaLimits
    known_scenes: Callable[[Job], Sequence[float] | None] = field(default=lambda job: None)
    """Seconds at which scenes of a job's film begin, where an analysis found them before."""
