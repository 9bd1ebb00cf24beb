"""Whether a film can be cut here at all: known before the work, never found out half way."""

import shutil

from stereo_spot.conversion.services import Policy, Services
from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.cut import SEGMENTS_ON_DISK
from stereo_spot.media.guard import HEAD_BYTES, sniff
from stereo_spot.model import JobOptions, SourceFacts
from stereo_spot.ports import RangeReader

INDEXED = "mov"
"""The demuxer of files that are planned without being read."""
DENSEST = 2
"""How many times the film's average rate a segment may have."""


def check_time(source: RangeReader, policy: Policy) -> None:
    """Refuse a film that one run of a step cannot read to its end.

    Raises:
        SourceError: `source_too_large`, or what the first bytes give away.
    """
    if policy.max_run_s is None:
        return
    passes = 1 if sniff(source.read_at(0, HEAD_BYTES)) == INDEXED else 2
    needed = passes * source.size / policy.carried_bytes_per_s
    if needed > policy.max_run_s:
        other = "" if passes == 1 else " remux it to mp4, which is read once instead of twice,"
        raise SourceError(
            ErrorKind.SOURCE_TOO_LARGE,
            f"the film has {source.size / 1e9:.1f} GB; cutting it takes about "
            f"{needed / 60:.0f} minutes and may take {policy.max_run_s / 60:.0f} here:{other} "
            "split it, make it smaller, or convert it on a machine with `stereo-spot convert`",
        )


def scratch_bytes(facts: SourceFacts, size: int, options: JobOptions) -> int:
    """What the segments of a film may take on the disk at a time."""
    preroll_s = options.recipe.tier.preroll_frames * facts.duration_s / facts.frames
    share = min(1.0, DENSEST * (options.segment_duration_s + preroll_s) / facts.duration_s)
    at_once = SEGMENTS_ON_DISK if facts.duration_s > options.segment_duration_s else 1
    return int(at_once * share * size)


def check_scratch(facts: SourceFacts, size: int, options: JobOptions, app: Services) -> None:
    """Refuse a film whose segments the disk for them could never hold.

    Raises:
        SourceError: `source_too_large`.
    """
    app.scratch.mkdir(parents=True, exist_ok=True)
    needed, there = scratch_bytes(facts, size, options), shutil.disk_usage(app.scratch).total
    if needed > there:
        raise SourceError(
            ErrorKind.SOURCE_TOO_LARGE,
            f"cutting the film into segments of {options.segment_duration_s:g} s takes up to "
            f"{needed / 1e9:.1f} GB of scratch space, and there are {there / 1e9:.1f} GB here: "
            "ask for shorter segments",
        )
