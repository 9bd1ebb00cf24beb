"""Object keys, built and parsed in this one place.

`str(key)` builds, `parse` reads. Keys come from strangers too: a key that is not exactly one of
ours parses to None, never to an error.

    input/{job_id}/source.mp4                                   the uploaded film
    segments/{job_id}/{index:05d}_{total:05d}_{mode}.mp4        one cut segment
    jobs/{job_id}/plan-{sha256}.json  manifest-{sha256}.json    the committed cut
    jobs/{job_id}/mezzanine/{index}.mp4                         full side-by-side, other modes
    jobs/{job_id}/reports/{index}.json                          what a render server tells of it
    jobs/{job_id}/segments/{index}.mp4                          one rendered segment: the signal
    jobs/{job_id}/final.mp4 | final.mkv                         the finished film
"""

import re
from dataclasses import dataclass
from typing import Self

from stereo_spot.model import MAX_SEGMENTS, StereoMode

_ID = r"(?P<job_id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_INDEX = r"(?P<index>0|[1-9][0-9]{0,4})"
_JOB_ID = re.compile(_ID, re.ASCII)
_SOURCE = re.compile(rf"input/{_ID}/source\.mp4", re.ASCII)
_SEGMENT = re.compile(
    rf"segments/{_ID}/(?P<index>[0-9]{{5}})_(?P<total>[0-9]{{5}})_(?P<mode>[a-z_]+)\.mp4", re.ASCII
)
_RENDERED = re.compile(rf"jobs/{_ID}/segments/{_INDEX}\.mp4", re.ASCII)
_FINAL = re.compile(rf"jobs/{_ID}/final\.(?P<suffix>mp4|mkv)", re.ASCII)
_MODES = frozenset(mode.value for mode in StereoMode)


def is_job_id(text: str) -> bool:
    """Whether `text` is a job id exactly as we make them."""
    return _JOB_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class SourceKey:
    """Where the film of a job is uploaded."""

    job_id: str

    def __str__(self) -> str:
        return f"input/{self.job_id}/source.mp4"

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """Read a key; None unless it is exactly one of these."""
        found = _SOURCE.fullmatch(key)
        return cls(found["job_id"]) if found else None


@dataclass(frozen=True)
class SegmentKey:
    """One cut segment, waiting for the engine."""

    job_id: str
    index: int
    total: int
    mode: StereoMode

    def __str__(self) -> str:
        return f"segments/{self.job_id}/{self.index:05d}_{self.total:05d}_{self.mode}.mp4"

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """Read a key; None unless it is exactly one of these."""
        found = _SEGMENT.fullmatch(key)
        if not found or found["mode"] not in _MODES:
            return None
        index, total = int(found["index"]), int(found["total"])
        if not 0 <= index < total <= MAX_SEGMENTS:
            return None
        return cls(found["job_id"], index, total, StereoMode(found["mode"]))


@dataclass(frozen=True)
class RenderedKey:
    """One rendered segment in the mode of the job; its existence is the signal."""

    job_id: str
    index: int

    def __str__(self) -> str:
        return f"jobs/{self.job_id}/segments/{self.index}.mp4"

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """Read a key; None unless it is exactly one of these."""
        found = _RENDERED.fullmatch(key)
        return cls(found["job_id"], int(found["index"])) if found else None


@dataclass(frozen=True)
class FinalKey:
    """The finished film."""

    job_id: str
    suffix: str = "mp4"

    def __str__(self) -> str:
        return f"jobs/{self.job_id}/final.{self.suffix}"

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """Read a key; None unless it is exactly one of these."""
        found = _FINAL.fullmatch(key)
        return cls(found["job_id"], found["suffix"]) if found else None


def mezzanine_key(job_id: str, index: int) -> str:
    """The full side-by-side picture of a segment whose job asks for another mode."""
    return f"jobs/{job_id}/mezzanine/{index}.mp4"


def report_key(job_id: str, index: int) -> str:
    """What a render server, which cannot write on the row, tells of a segment it rendered."""
    return f"jobs/{job_id}/reports/{index}.json"


def plan_key(job_id: str, digest: str) -> str:
    """The plan body; named by its content, so two plans never collide."""
    return f"jobs/{job_id}/plan-{digest}.json"


def manifest_key(job_id: str, plan_digest: str) -> str:
    """Exact times and counts of the cut made by the plan of that digest."""
    return f"jobs/{job_id}/manifest-{plan_digest}.json"


def segments_prefix(job_id: str) -> str:
    """All cut segments of a job."""
    return f"segments/{job_id}/"


def rendered_prefix(job_id: str) -> str:
    """All rendered segments of a job."""
    return f"jobs/{job_id}/segments/"


def job_prefixes(job_id: str) -> tuple[str, ...]:
    """Everything a job ever stored."""
    return f"input/{job_id}/", f"segments/{job_id}/", f"jobs/{job_id}/"
