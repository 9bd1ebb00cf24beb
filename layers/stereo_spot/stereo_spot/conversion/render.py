"""Render: claim a segment, run the engine, verify what it made, store it.

Woken by: a stored segment, the sweeper's dispatch.
Writes: the claim, the report, the mezzanine, the rendered segment (the signal), the done row.
Retry: a stored result is adopted, never made again.
"""

import logging
from pathlib import Path

from stereo_spot.conversion.complete import complete, completion_of
from stereo_spot.conversion.ending import end_if_exhausted, failure_of
from stereo_spot.conversion.lease import kept_alive, reported
from stereo_spot.conversion.scratch import scratch_folder
from stereo_spot.conversion.segments import SegmentMark, segment_mark
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import FileReader, fetch_file, store_file
from stereo_spot.errors import ErrorKind, SourceError, StepError
from stereo_spot.keys import RenderedKey, SegmentKey, mezzanine_key
from stereo_spot.media.engine import Engine, EngineJob, Progress
from stereo_spot.media.inspect import inspect
from stereo_spot.model import CHUNKING, StereoMode
from stereo_spot.ports import ObjectInfo
from stereo_spot.transitions import segment as claims

log = logging.getLogger(__name__)
_SPACE_FACTOR = 12
"""Scratch a render may need, in sizes of the cut segment (compressed film grows when doubled)."""


def render(key: SegmentKey, app: Services, engine: Engine) -> None:
    """Render one segment, unless it is done or somebody else holds it."""
    job = app.jobs.get(key.job_id)
    if job is None or job.status not in CHUNKING or job.plan_digest is None:
        return
    rendered = RenderedKey(key.job_id, key.index)
    there = app.objects.head(str(rendered))
    if there is not None and completion_of(job, there) is not None:
        complete(rendered, app)
        return
    info = app.objects.head(str(key))
    if info is None or info.metadata.get("plan_digest") != job.plan_digest:
        return
    owner = app.new_owner()
    change = claims.claim(app.clock(), owner, app.policy.lease_s, job=job, index=key.index)
    if app.ledger.apply(key.job_id, key.index, *change) is None:
        end_if_exhausted(key.job_id, app, index=key.index)
        return
    _render_held(key, info, owner, app, engine, foreign=there)


def _render_held(
    key: SegmentKey,
    info: ObjectInfo,
    owner: str,
    app: Services,
    engine: Engine,
    *,
    foreign: ObjectInfo | None,
) -> None:
    frames_done = 0

    def progress(frames: int) -> None:
        nonlocal frames_done
        frames_done = frames

    def beat() -> bool:
        change = claims.heartbeat(app.clock(), owner, app.policy.lease_s, frames_done)
        job = app.jobs.get(key.job_id)
        return (
            app.ledger.apply(key.job_id, key.index, change) is not None
            and job is not None
            and job.status in CHUNKING
        )

    def failed(error: Exception) -> None:
        failure = failure_of(error, ErrorKind.SEGMENT_FAILED)
        change = claims.report_failure(owner, failure.kind, failure.text)
        app.ledger.apply(key.job_id, key.index, change)
        end_if_exhausted(key.job_id, app, index=key.index)

    def stopped() -> None:
        app.ledger.apply(key.job_id, key.index, claims.give_back(owner))

    with reported(failed, stopped), kept_alive(beat, app.policy.heartbeat_s, engine.stop):
        if foreign is not None:
            raise StepError(
                ErrorKind.SEGMENT_FAILED, f"what stands at {foreign.key} is not of this plan"
            )
        stored = _make(key, info, owner, app, engine, progress)
    if stored:
        complete(RenderedKey(key.job_id, key.index), app, creates=False)
    else:
        stopped()


def _make(
    key: SegmentKey,
    info: ObjectInfo,
    owner: str,
    app: Services,
    engine: Engine,
    progress: Progress,
) -> bool:
    """Run the engine and store what it made; False when the job ended meanwhile."""
    mark = segment_mark(info)
    with scratch_folder(app, needs_bytes=info.size * _SPACE_FACTOR) as folder:
        source, made = folder / "segment", folder / "rendered.mp4"
        full = folder / "mezzanine.mp4" if mark.recipe.mode is not StereoMode.SBS else None
        fetch_file(app.objects, info, source)
        job = EngineJob(
            src=str(source),
            dst=str(made),
            mezzanine=str(full) if full else None,
            skip_frames=mark.preroll_frames,
            n_frames=mark.n_frames,
            from_time=mark.from_time,
            first_frame=mark.base_index - mark.preroll_frames,
            recipe=mark.recipe,
        )
        report = engine.render(job, progress)
        if report is None:
            return False
        for path in filter(None, (full, made)):
            _verify(path, mark, app)
        app.ledger.apply(key.job_id, key.index, claims.note_report(owner, report))
        metadata = mark.as_metadata(key.index)
        if full:
            store_file(app.objects, mezzanine_key(key.job_id, key.index), full, metadata)
        store_file(app.objects, str(RenderedKey(key.job_id, key.index)), made, metadata)
        return True


def _verify(path: Path, mark: SegmentMark, app: Services) -> None:
    """Check a made file before it is stored: the engine saying "done" proves nothing."""
    try:
        with FileReader(path) as reader:
            facts = inspect(reader, limits=app.limits)
    except SourceError as error:
        raise StepError(
            ErrorKind.SEGMENT_FAILED, f"what the engine made cannot be read: {error.message}"
        ) from error
    if facts.frames != mark.n_frames:
        raise StepError(
            ErrorKind.SEGMENT_FAILED,
            f"the engine made {facts.frames} frames of {mark.n_frames}",
        )
