"""One invocation: fetch a segment, run the engine, check what it made, store it where asked.

Retry: a stored result is adopted, never made again; the first writer of a key wins.
"""

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from stereo_spot.conversion.segments import SegmentMark, segment_mark
from stereo_spot.conversion.stored import FileReader, fetch_file, store_file
from stereo_spot.errors import ErrorKind, RequestError, StepError
from stereo_spot.keys import RenderedKey, mezzanine_key
from stereo_spot.media.engine import EngineJob, Progress
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.inspect import inspect
from stereo_spot.model import StereoMode
from stereo_spot.ports import ObjectInfo, ObjectStore

log = logging.getLogger(__name__)


class Renders(Protocol):
    """The engine, or anything that renders like it."""

    def render(self, job: EngineJob, progress: Progress) -> dict[str, Any] | None:
        """Render one segment; None when it was stopped."""
        ...


class Invocations:
    """Answers requests one after the other: the models fill the GPU."""

    def __init__(
        self,
        *,
        objects: Callable[[str, str], ObjectStore],
        engine: Renders,
        scratch: Path,
        limits: MediaLimits | None = None,
    ) -> None:
        self._objects, self._engine = objects, engine
        self._scratch, self._limits = scratch, limits or MediaLimits()
        self._one_at_a_time = threading.Lock()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Render `s3_input_uri` into `s3_output_uri` and say what was made.

        What the segment's metadata lacks may stand in the request: `n_frames`, `recipe` and so on.

        Raises:
            StereoSpotError: of the kind of what went wrong.
        """
        films, source = _parsed(request.get("s3_input_uri"))
        results, key = _parsed(request.get("s3_output_uri"))
        target = RenderedKey.parse(key)
        if target is None:
            raise RequestError(ErrorKind.BAD_REQUEST, f"{key} is no rendered segment's key")
        objects = self._objects(films, results)
        with self._one_at_a_time:
            if objects.head(key) is not None:
                return {"status": "exists", "key": key}
            info = objects.head(source)
            if info is None:
                raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {source}")
            mark = segment_mark(info.model_copy(update={"metadata": _facts(info, request)}))
            self._scratch.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="invocation-", dir=self._scratch))
            try:
                return self._make(objects, info, mark, target, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _make(
        self,
        objects: ObjectStore,
        info: ObjectInfo,
        mark: SegmentMark,
        target: RenderedKey,
        folder: Path,
    ) -> dict[str, Any]:
        source, made = folder / "segment", folder / "rendered.mp4"
        full = folder / "mezzanine.mp4" if mark.recipe.mode is not StereoMode.SBS else None
        fetch_file(objects, info, source)
        job = EngineJob(
            src=str(source),
            dst=str(made),
            mezzanine=str(full) if full else None,
            skip_frames=mark.preroll_frames,
            n_frames=mark.n_frames,
            from_time=mark.from_time,
            recipe=mark.recipe,
        )
        report = self._engine.render(job, lambda frames: None)
        if report is None:
            raise StepError(ErrorKind.SEGMENT_FAILED, "the engine was stopped")
        for path in filter(None, (full, made)):
            self._check(path, mark)
        metadata = mark.as_metadata(target.index)
        if full:
            key = mezzanine_key(target.job_id, target.index)
            store_file(objects, key, full, metadata)
        stored = store_file(objects, str(target), made, metadata)
        log.info("stored a segment: key=%s frames=%d", target, mark.n_frames)
        status = "done" if stored else "exists"
        return {"status": status, "key": str(target), "report": report}

    def _check(self, path: Path, mark: SegmentMark) -> None:
        with FileReader(path) as reader:
            facts = inspect(reader, limits=self._limits)
        if facts.frames != mark.n_frames:
            text = f"the engine made {facts.frames} frames of {mark.n_frames}"
            raise StepError(ErrorKind.SEGMENT_FAILED, text)


def _parsed(uri: Any) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; which buckets may be used is up to the role."""
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if parts is None or parts.scheme != "s3" or not parts.netloc or len(parts.path) < 2:
        raise RequestError(ErrorKind.BAD_REQUEST, f"expected s3://BUCKET/KEY, not {uri!r}")
    return parts.netloc, parts.path[1:]


def _facts(info: ObjectInfo, request: Mapping[str, Any]) -> dict[str, str]:
    """The segment's metadata, gaps filled from the request."""
    named = {name: str(request[name]) for name in SegmentMark.model_fields if name in request}
    return named | info.metadata
