"""One invocation: fetch a segment, run the engine, check what it made, store it where asked.

Retry: a stored result is adopted, never made again; the first writer of a key wins.
"""

import json
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stereo_spot.adapters.local.folder import FolderObjectStore
from stereo_spot.conversion.complete import REPORTED
from stereo_spot.conversion.making import SegmentEngine, make_files
from stereo_spot.conversion.segments import SegmentMark, segment_mark
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.errors import ErrorKind, RequestError, StepError
from stereo_spot.keys import RenderedKey, report_key
from stereo_spot.media.guard import MediaLimits
from stereo_spot.ports import ObjectInfo, ObjectStore

from inference_container.places import Place, place_of

log = logging.getLogger(__name__)
_NAMES = {"source": ("s3_input_uri", "input_uri"), "target": ("s3_output_uri", "output_uri")}


class Invocations:
    """Answers requests one after the other: the models fill the GPU."""

    def __init__(
        self,
        *,
        objects: Callable[[str, str], ObjectStore],
        engine: SegmentEngine,
        scratch: Path,
        folder: Path | None = None,
        limits: MediaLimits | None = None,
    ) -> None:
        self._buckets, self._folder, self._engine = objects, folder, engine
        self._scratch, self._limits = scratch, limits or MediaLimits()
        self._one_at_a_time = threading.Lock()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Render `s3_input_uri` into `s3_output_uri` and say what was made.

        What the segment's metadata lacks may stand in the request: `n_frames`, `recipe` and so on.

        Raises:
            StereoSpotError: of the kind of what went wrong.
        """
        source, result = self._place(request, "source"), self._place(request, "target")
        objects = self._objects(source, result)
        target = RenderedKey.parse(result.key)
        if target is None:
            raise RequestError(ErrorKind.BAD_REQUEST, f"{result.key} is no rendered segment's key")
        with self._one_at_a_time:
            if objects.head(result.key) is not None:
                return {"status": "exists", "key": result.key}
            info = objects.head(source.key)
            if info is None:
                raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {source.key}")
            mark = segment_mark(info.model_copy(update={"metadata": _facts(info, request)}))
            self._scratch.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="invocation-", dir=self._scratch))
            try:
                return self._make(objects, info, mark, target, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _place(self, request: Mapping[str, Any], which: str) -> Place:
        uri = next((request[name] for name in _NAMES[which] if name in request), None)
        return place_of(uri, self._folder)

    def _objects(self, source: Place, result: Place) -> ObjectStore:
        if source.bucket is not None and result.bucket is not None:
            return self._buckets(source.bucket, result.bucket)
        if self._folder is None or source.bucket != result.bucket:
            raise RequestError(ErrorKind.BAD_REQUEST, "both addresses must be s3, or both files")
        return FolderObjectStore(self._folder, lambda key: None)  # whoever asked looks there

    def _make(
        self,
        objects: ObjectStore,
        info: ObjectInfo,
        mark: SegmentMark,
        target: RenderedKey,
        folder: Path,
    ) -> dict[str, Any]:
        made = make_files(
            info, mark, folder, objects, self._engine, self._limits, lambda frames: None
        )
        if made is None:
            raise StepError(ErrorKind.SEGMENT_FAILED, "the engine was stopped")
        told = json.dumps(made.report).encode()
        store_bytes(objects, report_key(target.job_id, target.index), told, {})
        stored = made.store(target, objects, {REPORTED: "yes"})
        log.info("stored a segment: key=%s frames=%d", target, mark.n_frames)
        status = "done" if stored else "exists"
        return {"status": status, "key": str(target), "report": made.report}


def _facts(info: ObjectInfo, request: Mapping[str, Any]) -> dict[str, str]:
    """The segment's metadata, gaps filled from the request."""
    named = {name: str(request[name]) for name in SegmentMark.model_fields if name in request}
    return named | info.metadata
