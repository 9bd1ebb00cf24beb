"""Run the stages over one film, each at most once for the same input.

Retry: a stage is marked when its rows and files are stored, so a run that was cut off goes on with
the stage it was in; a second run over the same film with the same settings changes nothing.
"""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing

from stereo_spot.analysis import embed, frames, normalize, scenes, transcribe, vision
from stereo_spot.analysis.ports import Contents
from stereo_spot.analysis.records import StageMark, StageState, VideoStatus
from stereo_spot.analysis.stages import Analyzer, Stage, Work, basis_of
from stereo_spot.errors import ErrorKind, RequestError

log = logging.getLogger(__name__)

STAGES = (
    normalize.STAGE,
    transcribe.STAGE,
    scenes.STAGE,
    frames.STAGE,
    vision.STAGE,
    embed.STAGE,
)

_ORDER = {stage.name: place for place, stage in enumerate(STAGES)}


def in_order(marks: Iterable[StageMark]) -> tuple[StageMark, ...]:
    """Marks in the order in which the stages run."""
    return tuple(sorted(marks, key=lambda mark: _ORDER.get(mark.stage, len(_ORDER))))


Tell = Callable[[StageMark, bool], None]
"""Hears of each stage, and whether it was run now."""


def analyze_video(
    analyzer: Analyzer,
    video_id: str,
    *,
    wanted: Callable[[], bool] = lambda: True,
    tell: Tell = lambda mark, ran: None,
) -> Contents:
    """Bring a stored film from wherever it stands to `ready`.

    Raises:
        RequestError: `not_found` for an unknown film.
        SourceError: the film cannot be used.
        ProviderError: a service gave no usable answer.
        Interrupted: `wanted` said no.
    """
    found = analyzer.rows.contents(video_id)
    if found is None:
        raise RequestError(ErrorKind.NOT_FOUND, f"there is no video {video_id!r}")
    source, version = analyzer.files.source(found.video.original_path)
    scratch = analyzer.scratch / uuid.uuid4().hex
    with closing(source):
        scratch.mkdir(parents=True)
        try:
            work = Work(analyzer, video_id, source, version, scratch, wanted)
            if found.video.status is not VideoStatus.READY:
                work.update_video(status=VideoStatus.PROCESSING, error=None)
            _run_stages(work, tell)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    if work.video().status is not VideoStatus.READY:
        work.update_video(status=VideoStatus.READY, error=None)
    return work.contents()


def _run_stages(work: Work, tell: Tell) -> None:
    marks = {mark.stage: mark for mark in work.contents().marks}
    bases: dict[str, str] = {}
    for stage in STAGES:
        work.check()
        before = marks.get(stage.name)
        mark, ran = _pass(stage, work, [bases[name] for name in stage.reads], before)
        bases[stage.name] = mark.basis
        tell(mark, ran)


def _pass(
    stage: Stage, work: Work, upstream: list[str], before: StageMark | None
) -> tuple[StageMark, bool]:
    """The stage's mark, and whether the stage had to run for it."""
    upstream = [work.version[:32], *upstream]
    reason = stage.off(work)
    settings = {"off": True} if reason else stage.settings(work.analyzer)
    state = StageState.SKIPPED if reason else StageState.DONE
    basis = basis_of(stage, settings, upstream)
    if before and (before.basis, before.state) == (basis, state) and (reason or stage.intact(work)):
        return before, False
    log.info("stage begins", extra={"stage": stage.name, "video_id": work.video_id})
    if reason:
        stage.clear(work)
    note = reason or stage.run(work)
    mark = StageMark(stage=stage.name, basis=basis, state=state, note=note)
    work.analyzer.rows.mark(work.video_id, mark)
    return mark, True
