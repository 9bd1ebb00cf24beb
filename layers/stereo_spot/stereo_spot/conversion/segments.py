"""Cut segments as objects: what their metadata says, and how it is read back.

The metadata is all that a renderer needs besides the bytes.
"""

from collections.abc import Iterable
from pathlib import Path

from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import store_file
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import SegmentKey, segments_prefix
from stereo_spot.model import CutSegment, Frozen, Job, Plan, Recipe, Seconds, Segment
from stereo_spot.ports import ObjectInfo


class SegmentMark(Frozen):
    """The metadata of a cut segment."""

    n_frames: int
    preroll_frames: int
    base_index: int
    from_time: str
    source_etag: str
    plan_digest: str
    recipe: Recipe

    def as_metadata(self, index: int) -> dict[str, str]:
        """As object metadata: text values only."""
        return {
            "index": str(index),
            "n_frames": str(self.n_frames),
            "preroll_frames": str(self.preroll_frames),
            "base_index": str(self.base_index),
            "from_time": self.from_time,
            "source_etag": self.source_etag,
            "plan_digest": self.plan_digest,
            "mode": self.recipe.mode,
            "recipe": self.recipe.model_dump_json(),
        }


def segment_mark(info: ObjectInfo) -> SegmentMark:
    """Read the mark of a cut segment.

    Raises:
        RequestError: `bad_event` when the object does not carry one.
    """
    found = info.metadata
    try:
        return SegmentMark(
            n_frames=int(found["n_frames"]),
            preroll_frames=int(found["preroll_frames"]),
            base_index=int(found["base_index"]),
            from_time=found["from_time"],
            source_etag=found["source_etag"],
            plan_digest=found["plan_digest"],
            recipe=Recipe.model_validate_json(found["recipe"]),
        )
    except (KeyError, ValueError) as error:
        raise RequestError(
            ErrorKind.BAD_EVENT, f"{info.key} does not carry the mark of a segment: {error}"
        ) from error


def store_segment(job: Job, plan: Plan, segment: CutSegment, path: Path, app: Services) -> None:
    """Store one cut segment, unless it is there: the plan makes every run cut the same."""
    recipe = plan.options.recipe
    key = SegmentKey(job.job_id, segment.index, plan.total, recipe.mode)
    mark = SegmentMark(
        n_frames=segment.n_frames,
        preroll_frames=segment.preroll_frames,
        base_index=segment.base_index,
        from_time=segment.from_time,
        source_etag=plan.source_etag,
        plan_digest=plan.digest(),
        recipe=recipe,
    )
    store_file(app.objects, str(key), path, mark.as_metadata(segment.index))


def stored_keys(job: Job, app: Services) -> list[SegmentKey]:
    """The segments of the committed plan that are stored already."""
    found = []
    for info in app.objects.list(segments_prefix(job.job_id)):
        key = SegmentKey.parse(info.key)
        if key is not None and info.metadata.get("plan_digest") == job.plan_digest:
            found.append(key)
    return found


def stored_indices(job: Job, app: Services) -> frozenset[int]:
    """The indices of those segments."""
    return frozenset(key.index for key in stored_keys(job, app))


def taken(rows: Iterable[Segment], now: Seconds) -> set[int]:
    """The indices of segments that are done or held, so that nobody else need look at them."""
    return {row.segment_index for row in rows if row.done or row.held(now)}


def waiting_keys(
    job: Job, rows: Iterable[Segment], now: Seconds, app: Services
) -> list[SegmentKey]:
    """The stored segments of the committed plan that nobody renders or has rendered."""
    busy = taken(rows, now)
    return [key for key in stored_keys(job, app) if key.index not in busy]
