"""Make a rendered segment out of a cut one with an engine here: fetch, run, check, store.

The workers and the render server share it. What was not checked is never stored: a canonical key
keeps what it was given for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stereo_spot.conversion.scratch import scratch_folder
from stereo_spot.conversion.segments import SegmentMark, segment_mark
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import FileReader, fetch_file, store_file
from stereo_spot.errors import ErrorKind, SourceError, StepError
from stereo_spot.keys import RenderedKey, mezzanine_key
from stereo_spot.media.engine import EngineJob, Progress
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.inspect import inspect
from stereo_spot.model import StereoMode
from stereo_spot.ports import ObjectInfo, ObjectStore, Outcome
from stereo_spot.transitions import segment as claims

_SPACE_FACTOR = 12
"""Scratch a render may need, in sizes of the cut segment (compressed film grows when doubled)."""
_WITHOUT_MEZZANINE = (StereoMode.SBS, StereoMode.RGBD)
"""What is full side by side itself, and what has no second eye."""


class SegmentEngine(Protocol):
    """The engine, or anything that renders files like it."""

    def render(self, job: EngineJob, progress: Progress) -> dict[str, Any] | None:
        """Render one segment; None when it was stopped."""
        ...

    def stop(self) -> None:
        """Give up the running job."""
        ...


@dataclass(frozen=True)
class EngineRenderer:
    """An engine of this process as a `Renderer`."""

    engine: SegmentEngine
    app: Services
    lease_s: float | None = None

    def make(
        self, info: ObjectInfo, target: RenderedKey, *, run: str, progress: Progress
    ) -> Outcome:
        """Render what `info` names, here and now."""
        mark = segment_mark(info)
        with scratch_folder(self.app, needs_bytes=info.size * _SPACE_FACTOR) as folder:
            made = make_files(
                info, mark, folder, self.app.objects, self.engine, self.app.limits, progress
            )
            if made is None:
                return Outcome.STOPPED
            change = claims.note_report(run, made.report)
            self.app.ledger.apply(target.job_id, target.index, change)
            made.store(target, self.app.objects)
        return Outcome.STORED

    def stop(self) -> None:
        """Give up the running job."""
        self.engine.stop()


@dataclass(frozen=True)
class Made:
    """Checked files, and what the engine says of them."""

    rendered: Path
    mezzanine: Path | None
    mark: SegmentMark
    report: dict[str, Any]

    def store(
        self, target: RenderedKey, objects: ObjectStore, more: Mapping[str, str] | None = None
    ) -> bool:
        """Store them, the rendered segment last: it is the signal. False when one was there."""
        metadata = {**self.mark.as_metadata(target.index), **(more or {})}
        if self.mezzanine:
            key = mezzanine_key(target.job_id, target.index)
            store_file(objects, key, self.mezzanine, metadata)
        return store_file(objects, str(target), self.rendered, metadata) is not None


def make_files(
    info: ObjectInfo,
    mark: SegmentMark,
    folder: Path,
    objects: ObjectStore,
    engine: SegmentEngine,
    limits: MediaLimits,
    progress: Progress,
) -> Made | None:
    """Run the engine on a stored segment; None when it was stopped.

    Raises:
        StereoSpotError: of the kind that the engine reports; `segment_failed` for a bad result.
    """
    source, rendered = folder / "segment", folder / "rendered.mp4"
    full = folder / "mezzanine.mp4" if mark.recipe.mode not in _WITHOUT_MEZZANINE else None
    fetch_file(objects, info, source)
    job = EngineJob(
        src=str(source),
        dst=str(rendered),
        mezzanine=str(full) if full else None,
        skip_frames=mark.preroll_frames,
        n_frames=mark.n_frames,
        from_time=mark.from_time,
        first_frame=mark.base_index - mark.preroll_frames,
        recipe=mark.recipe,
    )
    report = engine.render(job, progress)
    if report is None:
        return None
    for path in filter(None, (full, rendered)):
        _verify(path, mark, limits)
    return Made(rendered, full, mark, report)


def _verify(path: Path, mark: SegmentMark, limits: MediaLimits) -> None:
    """Check a made file before it is stored: the engine saying "done" proves nothing."""
    try:
        with FileReader(path) as reader:
            facts = inspect(reader, limits=limits)
    except SourceError as error:
        raise StepError(
            ErrorKind.SEGMENT_FAILED, f"what the engine made cannot be read: {error.message}"
        ) from error
    if facts.frames != mark.n_frames:
        raise StepError(
            ErrorKind.SEGMENT_FAILED,
            f"the engine made {facts.frames} frames of {mark.n_frames}",
        )
