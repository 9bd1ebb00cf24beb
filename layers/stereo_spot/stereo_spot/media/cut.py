"""Cut a source into the segments of its plan."""

import contextlib
import queue
import tempfile
import threading
from array import array
from collections.abc import Callable, Container, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stereo_spot.errors import ErrorKind, StepError
from stereo_spot.media import sandbox
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.process import Head, Process
from stereo_spot.media.spooling import Scratch
from stereo_spot.model import CutSegment, Manifest, Plan, Window
from stereo_spot.ports import RangeReader

SEGMENTS_ON_DISK = 2

Store = Callable[[CutSegment, Path], None]


def cut(
    source: RangeReader,
    plan: Plan,
    *,
    scratch: Path,
    store: Store,
    have: Container[int] = (),
    limits: MediaLimits,
    guarded: Process | None = None,
) -> Manifest:
    """Cut `source` in one pass; hand each segment to `store` as it closes.

    A segment file is gone once `store` returns. Segments in `have` are not written again, but
    counted for the manifest. At most two segments lie in `scratch` at a time, in a folder of
    their own that is removed however this ends.

    Raises:
        SourceError: the film is damaged or is not the one that was planned.
        MachineError: `disk_full`, `out_of_memory`.
    """
    request = {
        "windows": [window.model_dump() for window in plan.windows],
        "have": [window.index for window in plan.windows if window.index in have],
    }
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="cut-") as folder,
        Scratch(Path(folder), source, limits) as files,
    ):
        clerk = _Clerk(plan, files)
        with contextlib.closing(clerk.closed(request, limits, guarded)) as closed:
            for segment, path in closed:
                store(segment, path)
    return Manifest(plan_digest=plan.digest(), time_base=plan.time_base, segments=clerk.in_order())


class _Clerk:
    """Writes what the guarded process sends, and keeps the books.

    The process is served in a thread, so that the next segment is cut while one is being stored;
    storing stays in the caller's thread. A third segment file has to wait for the first to go.
    """

    def __init__(self, plan: Plan, files: Scratch) -> None:
        self._windows = plan.windows
        self._files = files
        self._cut: dict[int, CutSegment] = {}
        self._ready: queue.SimpleQueue[tuple[CutSegment, Path] | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(SEGMENTS_ON_DISK)
        self._given_up = False

    def closed(
        self, request: Head, limits: MediaLimits, guarded: Process | None
    ) -> Generator[tuple[CutSegment, Path], None, None]:
        """Every segment that is written, as it closes; its file is gone after that."""
        with ThreadPoolExecutor(1, "cut") as pool:
            done = pool.submit(self._serve, request, limits, guarded)
            try:
                while (item := self._ready.get()) is not None:
                    yield item
                    self._files.drop(_name(item[0].index))
                    self._room.release()
            finally:
                self._given_up = True
                self._room.release()
            done.result()

    def write(self, name: str, at: int, pieces: Sequence[memoryview]) -> None:
        self._check_wanted()
        self._make_room(name)
        self._files.write(name, at, pieces)

    def hear(self, head: Head, block: bytes) -> None:
        self._check_wanted()
        match head["say"]:
            case "drop":
                self._files.drop(str(head["name"]))
            case "segment":
                self._close(head, block)

    def in_order(self) -> tuple[CutSegment, ...]:
        return tuple(self._cut[index] for index in sorted(self._cut))

    def _serve(self, request: Head, limits: MediaLimits, guarded: Process | None) -> None:
        try:
            sandbox.run(
                "cut",
                request,
                readers=self._files.reader,
                limits=limits,
                hear=self.hear,
                write=self.write,
                guarded=guarded,
                source=self._files.source,
            )
        finally:
            self._ready.put(None)

    def _check_wanted(self) -> None:
        if self._given_up:
            raise StepError(ErrorKind.CANCELLED, "cutting was given up")

    def _make_room(self, name: str) -> None:
        """Wait with a new segment file until fewer than two others are there."""
        if name.startswith("segment:") and not self._files.has(name):
            self._room.acquire()

    def _close(self, head: Head, block: bytes) -> None:
        window = self._windows[int(head["index"])]
        segment = _segment(window, block, str(head.get("from_time", "0")))
        self._cut[window.index] = segment
        if not head["stored"]:
            self._ready.put((segment, self._files.close(_name(window.index))))


def _name(index: int) -> str:
    return f"segment:{index}"


def _segment(window: Window, block: bytes, from_time: str) -> CutSegment:
    times = array("q", block)
    for place in range(1, len(times)):
        times[place] = max(times[place], times[place - 1] + 1)
    return CutSegment(
        index=window.index,
        n_frames=window.n_frames,
        preroll_frames=window.preroll_frames,
        base_index=window.base_index,
        from_time=from_time,
        pts=tuple(times),
    )
