"""Stage 5: what each frame shows, in words."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager

from stereo_spot.analysis.errors import ProviderError
from stereo_spot.analysis.ports import Describer
from stereo_spot.analysis.records import Caption, Frame, caption_id
from stereo_spot.analysis.stages import Analyzer, Stage, Work, counted


def _run(work: Work) -> str:
    describer = work.analyzer.describer
    if describer is None:
        return "no vision service is configured"
    contents = work.contents()
    had = {(caption.frame_id, caption.made_by) for caption in contents.captions}
    missing = [f for f in contents.frames if (f.id, _made_by(describer, f)) not in had]
    failed: list[ProviderError] = []
    with _pool(work.analyzer.options.vision_concurrent) as pool:
        asked = [pool.submit(_describe, work, describer, frame) for frame in missing]
        for answer in as_completed(asked):
            failed += _failure(answer)
            work.check()
    if failed:
        raise ProviderError(f"{len(failed)} of {len(missing)} frames: {failed[0].message}")
    return f"{counted(len(contents.frames), 'caption')} by {describer.name}"


def _describe(work: Work, describer: Describer, frame: Frame) -> None:
    """Ask, and store the answer before anything else is asked: it is paid for."""
    picture = work.analyzer.files.open(frame.path)
    if picture is None:
        raise ProviderError(f"the picture {frame.path} is gone")
    with closing(picture):
        said = describer.describe(picture.read_at(0, picture.size))
    caption = Caption(
        id=caption_id(frame.id),
        frame_id=frame.id,
        caption=said.caption,
        entities=said.entities,
        made_by=_made_by(describer, frame),
    )
    work.analyzer.rows.save_captions(work.video_id, [caption])


def _failure(answer: "Future[None]") -> list[ProviderError]:
    """A failure is told at the end, and never stored as a caption."""
    try:
        answer.result()
    except ProviderError as error:
        return [error]
    return []


@contextmanager
def _pool(size: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are not waited for with more work once something went wrong."""
    pool = ThreadPoolExecutor(size, thread_name_prefix="vision")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _made_by(describer: Describer, frame: Frame) -> str:
    """The model and the picture that it saw."""
    return f"{describer.name}@{frame.phash}"


def _off(work: Work) -> str | None:
    if not work.analyzer.options.vision:
        return "switched off (ENABLE_VISION_ANALYSIS)"
    return None if work.analyzer.describer else "no vision service is configured"


def _settings(analyzer: Analyzer) -> dict[str, str]:
    return {"by": analyzer.describer.name if analyzer.describer else ""}


STAGE = Stage("vision", 1, ("frames",), _settings, _run, _off)
